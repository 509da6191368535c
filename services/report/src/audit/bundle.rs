//! The JSON bundle, version 1.

use super::AuditRow;
use chrono::{DateTime, Utc};
use lockgate_model::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version that this type is.
pub const VERSION: u32 = 1;

/// Fields are added, never renamed or removed, or the version is raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    pub version: u32,
    pub exported_at: DateTime<Utc>,
    /// Decisions from this time on were asked for.
    pub since: DateTime<Utc>,
    /// Number of rows.
    pub count: u64,
    /// The hash that the first row's decision points back to; `None` at the beginning of the chain.
    pub previous: Option<Digest>,
    /// The hash of the last row's decision: note it down elsewhere, and a later export can be held against it.
    pub last_hash: Option<Digest>,
    /// In sequence, without gaps.
    pub rows: Vec<AuditRow>,
    /// SHA-256 over the compact JSON of everything above, fields in this order. It finds accidents and careless
    /// edits; against a forger, compare `last_hash` with one that was noted down earlier.
    pub digest: Digest,
}

/// As [`Bundle`], without its digest.
#[derive(Serialize)]
struct Content<'a> {
    version: u32,
    exported_at: DateTime<Utc>,
    since: DateTime<Utc>,
    count: u64,
    previous: &'a Option<Digest>,
    last_hash: &'a Option<Digest>,
    rows: &'a [AuditRow],
}

impl Bundle {
    /// `rows` in sequence.
    pub fn new(rows: Vec<AuditRow>, since: DateTime<Utc>, exported_at: DateTime<Utc>) -> Self {
        let mut bundle = Self {
            version: VERSION,
            exported_at,
            since,
            count: rows.len() as u64,
            previous: rows.first().and_then(|row| row.decision.previous.clone()),
            last_hash: rows.last().map(|row| row.decision.hash.clone()),
            rows,
            digest: Digest::sha256(b""),
        };
        bundle.digest = bundle.expected_digest();
        bundle
    }

    /// The digest that the bundle must carry.
    pub fn expected_digest(&self) -> Digest {
        let content = Content {
            version: self.version,
            exported_at: self.exported_at,
            since: self.since,
            count: self.count,
            previous: &self.previous,
            last_hash: &self.last_hash,
            rows: &self.rows,
        };
        Digest::sha256(&serde_json::to_vec(&content).expect("a bundle has only string keys"))
    }
}

/// The bundle as text; `rows` in sequence.
pub fn json(rows: &[AuditRow], since: DateTime<Utc>, exported_at: DateTime<Utc>) -> String {
    let bundle = Bundle::new(rows.to_vec(), since, exported_at);
    serde_json::to_string_pretty(&bundle).expect("a bundle has only string keys") + "\n"
}

/// The JSON Schema of [`Bundle`], committed in `schema/audit-v1.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Bundle)
}
