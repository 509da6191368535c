//! What auditors get: every decision with its proof, to be verified without us.
//!
//! The JSON bundle can be verified offline ([`verify`]): each record's hash is computed again, each link of the
//! chain is followed, and no sequence number may be missing. CSV and HTML are for reading.

mod bundle;
mod csv;
mod html;
mod strict;
mod verify;

pub use bundle::{Bundle, VERSION, json, schema};
pub use csv::{csv, csv_line};
pub use html::html;
pub use verify::{AuditError, Verified, verify};

use lockgate_model::{
    Assessment, ChangeKind, DecisionRecord, Evidence, EvidenceId, LockfileChange, LockfileStatus, Observation,
    ReleaseChange,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One decision, what it was about, and what it rested on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRow {
    pub decision: DecisionRecord,
    pub lockfiles: Vec<AuditLockfile>,
    pub releases: Vec<AuditRelease>,
    /// Sorted by id, each once.
    pub evidence: Vec<AuditEvidence>,
}

/// A lockfile that differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditLockfile {
    pub path: String,
    /// `appeared`, `disappeared`, `changed`, `malformed`.
    pub status: String,
}

/// A release that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRelease {
    pub purl: String,
    pub kind: ChangeKind,
    pub old_version: Option<String>,
    pub lockfile: String,
    pub line: u32,
}

/// A piece of evidence, by its content's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEvidence {
    pub id: EvidenceId,
    pub collector: String,
    /// `observed`, `absent`, `unavailable`.
    pub status: String,
}

impl AuditRow {
    pub fn new(decision: DecisionRecord, assessment: &Assessment) -> Self {
        let mut evidence: Vec<_> = assessment.releases.iter().flat_map(|r| &r.evidence).map(evidence).collect();
        evidence.sort_by(|a, b| a.id.cmp(&b.id));
        evidence.dedup();
        Self {
            decision,
            lockfiles: assessment.change.lockfiles.iter().map(lockfile).collect(),
            releases: assessment.change.releases().map(release).collect(),
            evidence,
        }
    }
}

fn lockfile(changed: &LockfileChange) -> AuditLockfile {
    let status = match changed.status {
        LockfileStatus::Appeared => "appeared",
        LockfileStatus::Disappeared => "disappeared",
        LockfileStatus::Changed => "changed",
        LockfileStatus::Malformed { .. } => "malformed",
    };
    AuditLockfile { path: changed.path.clone(), status: status.to_owned() }
}

fn release(moved: &ReleaseChange) -> AuditRelease {
    AuditRelease {
        purl: moved.release().purl(),
        kind: moved.kind,
        old_version: moved.old_version().map(str::to_owned),
        lockfile: moved.lockfile.clone(),
        line: moved.line(),
    }
}

fn evidence(evidence: &Evidence) -> AuditEvidence {
    let status = match evidence.observation {
        Observation::Observed { .. } => "observed",
        Observation::Absent => "absent",
        Observation::Unavailable { .. } => "unavailable",
    };
    AuditEvidence { id: evidence.id(), collector: evidence.collector.clone(), status: status.to_owned() }
}

/// The reasons of a decision in one line each: `checksum-mismatch pkg:npm/a@1.0.0`.
fn reasons(decision: &DecisionRecord) -> Vec<String> {
    let subject = |reason: &lockgate_model::Reason| match (reason.purl.as_str(), reason.lockfile.as_str()) {
        ("", "") => "the whole change".to_owned(),
        ("", lockfile) => lockfile.to_owned(),
        (purl, _) => purl.to_owned(),
    };
    decision.decision.reasons().map(|reason| format!("{} {}", reason.code, subject(reason))).collect()
}
