//! Known advisories about a release, from an imported OSV feed.
//!
//! The feed is imported beforehand, so a judgement needs no outside service and can be repeated. Two things
//! must never happen: a missing feed read as "no advisory" (the attempt fails, and the check stays
//! incomplete), and a record that cannot be compared read as "not affected" (its id goes into `unreadable`).

mod feed;
mod matching;
mod osv;
mod records;
#[cfg(test)]
pub(crate) mod semver_order;
mod severity;

pub use feed::{
    FeedDigest, FeedFile, FeedRecord, FeedSummary, SkippedFile, read_feed, read_record, read_zip, zip_records,
};
pub use matching::{MatchResult, Prepared};
pub use osv::{Affected, Event, OsvError, Package, Range, RangeKind, Record};
pub use records::{Found, PackageRecords};
pub use severity::{Rating, Severity, rate, score};

use crate::{Collector, InputDigests, Inputs};
use chrono::{DateTime, Utc};
use lockgate_model::{Cause, CauseKind, Digest, Ecosystem, Observation, VersionOrder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of a release; the facts of [`Advisory`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AdvisoryFacts {
    /// Names the feed that was asked.
    pub feed: Digest,
    pub imported_at: DateTime<Utc>,
    /// Malicious first, then the most severe.
    pub matches: Vec<AdvisoryMatch>,
    /// Ids of records about this package for which it cannot be told whether they cover this version.
    pub unreadable: Vec<String>,
    /// Advisories that cover the version before and not this one.
    pub resolved: Vec<Resolved>,
}

/// An advisory that the change gets rid of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Resolved {
    pub id: String,
    /// The advisory names this very version as fixed. Any later one resolves it as well, one that an attacker published on
    /// top of the fix included.
    pub by_this_version: bool,
}

/// One advisory that covers the release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AdvisoryMatch {
    pub id: String,
    pub aliases: Vec<String>,
    /// At most 300 characters.
    pub summary: Option<String>,
    pub severity: Severity,
    /// The highest CVSS base score, 0.0 to 10.0.
    pub cvss: Option<f64>,
    /// Later versions that the advisory names as fixed, lowest first.
    pub fixed: Vec<String>,
    /// The version before was not affected, or there was none.
    pub introduced_by_change: bool,
    /// The advisory was taken back; kept, so that a decision can say so.
    pub withdrawn: bool,
    /// The release is malicious code, not flawed code.
    pub malicious: bool,
    pub url: Option<String>,
}

/// The advisory check.
pub struct Advisory {
    versions: fn(Ecosystem) -> &'static dyn VersionOrder,
}

impl Advisory {
    pub fn new(versions: fn(Ecosystem) -> &'static dyn VersionOrder) -> Self {
        Self { versions }
    }
}

impl std::fmt::Debug for Advisory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Advisory")
    }
}

impl Collector for Advisory {
    fn id(&self) -> &'static str {
        "advisory"
    }

    fn version(&self) -> u32 {
        2
    }

    fn description(&self) -> &'static str {
        "Known vulnerabilities and malicious-package reports that cover the release."
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#advisory"
    }

    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        known.advisories.iter().cloned().collect()
    }

    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        let feed = inputs.advisories.as_ref().map_err(Clone::clone)?;
        let release = &inputs.subject.release;
        let previous = inputs.change.old.as_ref().map(|o| &o.release);
        let Found { matches, unreadable, resolved } =
            feed.records.find(release, previous, (self.versions)(release.ecosystem));
        let (feed, imported_at) = (feed.digest.clone(), feed.imported_at);
        let facts = AdvisoryFacts { feed, imported_at, matches, unreadable, resolved };
        let facts = serde_json::to_value(facts)
            .map_err(|e| Cause::new(CauseKind::Internal, format!("write the advisory facts of {release}: {e}")))?;
        Ok(Observation::Observed { facts })
    }

    /// The whole check: it looks at no artifact.
    fn preview(&self, inputs: &Inputs) -> Option<Observation> {
        self.collect(inputs).ok()
    }

    fn facts_schema(&self) -> schemars::Schema {
        schemars::schema_for!(AdvisoryFacts)
    }
}

#[cfg(test)]
mod tests;
