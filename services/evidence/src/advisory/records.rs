//! The records about one package, read once.

use super::{
    AdvisoryMatch, Resolved,
    matching::{Asked, MatchResult, Prepared},
    osv::{self, Package, Record},
    severity::rate,
};
use lockgate_model::{Release, VersionOrder};
use serde_json::Value;
use std::{
    cmp::{Ordering, Reverse},
    sync::Arc,
};

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

    /// What is known of `release`. Also what `lockgate advisories match` prints, with `previous` = `None`.
    pub fn find(&self, release: &Release, previous: Option<&Release>, versions: &dyn VersionOrder) -> Found {
        let (mut found, mut unreadable, mut resolved) = (Vec::new(), self.broken.clone(), Vec::new());
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
                MatchResult::NotAffected => {
                    let live = record.record().withdrawn.is_none();
                    let before = previous.filter(|_| live).map(|p| record.matches(p, versions));
                    if let Some(MatchResult::Affected { fixed, .. }) = before {
                        let this = |fix: &String| versions.compare(fix, &release.version) == Ok(Ordering::Equal);
                        resolved
                            .push(Resolved { id: record.record().id.clone(), by_this_version: fixed.iter().any(this) });
                    }
                }
            }
        }
        found.sort_by(|a, b| {
            (Reverse(a.malicious), Reverse(a.severity), &a.id).cmp(&(Reverse(b.malicious), Reverse(b.severity), &b.id))
        });
        found.dedup_by(|a, b| a.id == b.id);
        unreadable.sort_unstable();
        unreadable.dedup();
        resolved.sort_unstable();
        resolved.dedup();
        Found { matches: found, unreadable, resolved }
    }
}

/// What the records say of one release.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Malicious first, then the most severe.
    pub matches: Vec<AdvisoryMatch>,
    /// Ids of those that cannot be judged.
    pub unreadable: Vec<String>,
    /// Those that cover the version before and not this one; withdrawn ones left out.
    pub resolved: Vec<Resolved>,
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
