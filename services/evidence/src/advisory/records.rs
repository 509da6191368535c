//! The records about one package, read once.

use super::{
    AdvisoryMatch,
    matching::{Asked, MatchResult, Prepared},
    osv::{self, Package, Record},
    severity::rate,
};
use lockgate_model::{Release, VersionOrder};
use serde_json::Value;
use std::{cmp::Reverse, sync::Arc};

/// OSV records as the advisory check looks at them: for one package, every version in them read.
#[derive(Debug, Clone)]
pub struct PackageRecords {
    readable: Vec<Prepared>,
    /// Ids of records that cannot be read.
    broken: Vec<String>,
}

impl PackageRecords {
    /// Reads the records about `package`. One that cannot be read is kept by its id, and found for every release.
    pub fn read<'a>(
        package: Package,
        records: impl IntoIterator<Item = &'a Value>,
        versions: &dyn VersionOrder,
    ) -> Self {
        let package = Arc::new(package);
        let mut read = Self { readable: Vec::new(), broken: Vec::new() };
        for value in records {
            match Record::from_value(value) {
                Ok(record) => read.readable.push(Prepared::new(record, &package, versions)),
                Err(error) => {
                    let id = value.as_object().and_then(|o| osv::read_id(o).ok());
                    let id = id.unwrap_or_else(|| "(without id)".into());
                    tracing::debug!(advisory = id, package = package.name, %error, "an advisory cannot be read");
                    read.broken.push(id);
                }
            }
        }
        read
    }

    pub fn len(&self) -> usize {
        self.readable.len() + self.broken.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The records that cover `release`, and the ids of those that cannot be judged. Also what
    /// `lockgate advisories match` prints, with `previous` = `None`.
    pub fn find(
        &self,
        release: &Release,
        previous: Option<&Release>,
        versions: &dyn VersionOrder,
    ) -> (Vec<AdvisoryMatch>, Vec<String>) {
        let (mut found, mut unreadable) = (Vec::new(), self.broken.clone());
        let asked = Asked::new(release, versions);
        for record in &self.readable {
            match record.holds(&asked, versions) {
                MatchResult::Affected { entry, fixed } => {
                    let introduced = introduced_by_change(record, previous, versions);
                    found.push(describe(record.record(), entry, fixed, introduced));
                }
                MatchResult::Unreadable { why } => {
                    let id = &record.record().id;
                    tracing::debug!(advisory = id, %release, why, "an advisory cannot be compared");
                    unreadable.push(id.clone());
                }
                MatchResult::NotAffected => {}
            }
        }
        found.sort_by(|a, b| {
            (Reverse(a.malicious), Reverse(a.severity), &a.id).cmp(&(Reverse(b.malicious), Reverse(b.severity), &b.id))
        });
        found.dedup_by(|a, b| a.id == b.id);
        unreadable.sort_unstable();
        unreadable.dedup();
        (found, unreadable)
    }
}

/// True unless the version before is known to be affected too: in doubt the change answers for it.
fn introduced_by_change(record: &Prepared, previous: Option<&Release>, versions: &dyn VersionOrder) -> bool {
    !previous.is_some_and(|p| matches!(record.matches(p, versions), MatchResult::Affected { .. }))
}

/// The entry's own severity replaces the record's (OSV schema, `affected[].severity`).
fn describe(record: &Record, entry: usize, fixed: Vec<String>, introduced_by_change: bool) -> AdvisoryMatch {
    let entry = &record.affected[entry];
    let vectors = if entry.vectors.is_empty() { &record.vectors } else { &entry.vectors };
    let rating = rate(vectors, entry.rating.as_deref().or(record.rating.as_deref()));
    AdvisoryMatch {
        severity: rating.severity,
        cvss: rating.cvss,
        fixed,
        introduced_by_change,
        withdrawn: record.withdrawn.is_some(),
        malicious: record.is_malicious(),
        id: record.id.clone(),
        aliases: record.aliases.clone(),
        summary: record.summary.clone(),
        url: record.url.clone(),
    }
}
