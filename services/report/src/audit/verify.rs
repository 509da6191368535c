//! Verification of a bundle, offline.
//!
//! Who could attack: whoever holds the export between the server and the auditor. The chain finds a record that
//! was altered, left out, doubled or moved; whoever rewrites the whole chain is found by comparing `last_hash`
//! with one that was noted down earlier.

use super::{AuditRow, Bundle, VERSION, strict::Strict};
use lockgate_model::{Digest, EvidenceId};
use serde_json::Value;
use std::{collections::BTreeSet, fmt};

/// A bundle whose every hash and link was computed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub decisions: u64,
    /// Sequence numbers; `None` when the bundle is empty.
    pub first: Option<i64>,
    pub last: Option<i64>,
    /// To be compared with one noted down earlier.
    pub last_hash: Option<Digest>,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last, &self.last_hash) {
            (Some(first), Some(last), Some(hash)) => {
                write!(f, "{} decisions verified, {first} to {last}, last hash {hash}", self.decisions)
            }
            _ => f.write_str("the bundle is sound and holds no decision"),
        }
    }
}

/// Which record broke, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    #[error("it is not a bundle: {0}; export it again")]
    NotABundle(String),
    #[error("it has version {0}, and this program reads version {VERSION}; use the program that exported it")]
    Version(u64),
    #[error("decision {sequence} carries more than a decision has, or writes it differently")]
    Foreign { sequence: i64 },
    #[error("decision {sequence} was altered: its content hashes to {expected}, it states {stated}")]
    Altered { sequence: i64, expected: Digest, stated: Digest },
    #[error("decision {found} follows {after}: decisions are missing, doubled or out of order")]
    Gap { after: i64, found: i64 },
    #[error("decision {sequence} points back to {stated}, but the decision before it has the hash {expected}")]
    BrokenLink { sequence: i64, expected: String, stated: String },
    #[error("decision {sequence} rests on other evidence than is listed with it")]
    OtherEvidence { sequence: i64 },
    #[error("the header's {field} does not fit the decisions")]
    Header { field: &'static str },
    #[error("the bundle was altered outside the decisions' own records: it hashes to {expected}, it states {stated}")]
    Digest { expected: Digest, stated: Digest },
}

/// 1. Read strictly, and refuse what would not be written again the same.
/// 2. Compute each record's hash.
/// 3. Follow the chain: sequence without gaps, each link.
/// 4. Compare the listed evidence with what each decision names.
/// 5. Compare the header, then the digest over everything.
///
/// # Errors
/// The first thing that does not fit.
pub fn verify(bytes: &[u8]) -> Result<Verified, AuditError> {
    // 1.
    let bundle = read(bytes)?;
    for row in &bundle.rows {
        // 2.
        check_hash(row)?;
        // 4.
        check_evidence(row)?;
    }
    // 3.
    check_beginning(&bundle)?;
    bundle.rows.windows(2).try_for_each(|pair| check_link(&pair[0], &pair[1]))?;
    // 5.
    check_header(&bundle)?;
    Ok(Verified {
        decisions: bundle.count,
        first: bundle.rows.first().map(|row| row.decision.sequence),
        last: bundle.rows.last().map(|row| row.decision.sequence),
        last_hash: bundle.last_hash,
    })
}

fn read(bytes: &[u8]) -> Result<Bundle, AuditError> {
    let not_a_bundle = |error: serde_json::Error| AuditError::NotABundle(error.to_string());
    let Strict(value) = serde_json::from_slice(bytes).map_err(not_a_bundle)?;
    match value.get("version").and_then(Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(other) => return Err(AuditError::Version(other)),
        None => return Err(AuditError::NotABundle("it states no version".into())),
    }
    let bundle: Bundle = serde_json::from_value(value.clone()).map_err(not_a_bundle)?;
    let written = serde_json::to_value(&bundle).map_err(not_a_bundle)?;
    for (index, row) in bundle.rows.iter().enumerate() {
        if written["rows"][index] != value["rows"][index] {
            return Err(AuditError::Foreign { sequence: row.decision.sequence });
        }
    }
    if written != value {
        return Err(AuditError::NotABundle("its header carries what a header does not have".into()));
    }
    Ok(bundle)
}

fn check_hash(row: &AuditRow) -> Result<(), AuditError> {
    let (expected, stated) = (row.decision.expected_hash(), row.decision.hash.clone());
    if expected == stated {
        return Ok(());
    }
    Err(AuditError::Altered { sequence: row.decision.sequence, expected, stated })
}

fn check_evidence(row: &AuditRow) -> Result<(), AuditError> {
    let named: BTreeSet<&EvidenceId> = row.decision.evidence.iter().collect();
    let listed: BTreeSet<&EvidenceId> = row.evidence.iter().map(|evidence| &evidence.id).collect();
    if named == listed && listed.len() == row.evidence.len() {
        return Ok(());
    }
    Err(AuditError::OtherEvidence { sequence: row.decision.sequence })
}

/// The first decision of all points nowhere, every other one somewhere.
fn check_beginning(bundle: &Bundle) -> Result<(), AuditError> {
    let Some(first) = bundle.rows.first().map(|row| &row.decision) else { return Ok(()) };
    if (first.sequence == 1) == first.previous.is_none() && first.sequence >= 1 {
        return Ok(());
    }
    let expected = if first.sequence == 1 { "nothing" } else { "a hash" }.to_owned();
    Err(AuditError::BrokenLink { sequence: first.sequence, expected, stated: shown(first.previous.as_ref()) })
}

fn check_link(before: &AuditRow, row: &AuditRow) -> Result<(), AuditError> {
    let (before, decision) = (&before.decision, &row.decision);
    if Some(decision.sequence) != before.sequence.checked_add(1) {
        return Err(AuditError::Gap { after: before.sequence, found: decision.sequence });
    }
    if decision.previous.as_ref() == Some(&before.hash) {
        return Ok(());
    }
    let stated = shown(decision.previous.as_ref());
    Err(AuditError::BrokenLink { sequence: decision.sequence, expected: before.hash.to_string(), stated })
}

fn shown(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "nothing".to_owned(), Digest::to_string)
}

fn check_header(bundle: &Bundle) -> Result<(), AuditError> {
    let built = Bundle::new(bundle.rows.clone(), bundle.since, bundle.exported_at);
    let fields = [
        ("count", bundle.count == built.count),
        ("previous", bundle.previous == built.previous),
        ("last_hash", bundle.last_hash == built.last_hash),
    ];
    if let Some((field, _)) = fields.iter().find(|(_, fits)| !fits) {
        return Err(AuditError::Header { field });
    }
    let expected = bundle.expected_digest();
    if expected == bundle.digest {
        return Ok(());
    }
    Err(AuditError::Digest { expected, stated: bundle.digest.clone() })
}
