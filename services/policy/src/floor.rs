//! The engine's floor: what no rule can remove.
//!
//! A bundle may be edited, reloaded, or come from a base branch; a deleted file must not turn missing evidence
//! into a pass. So the engine itself leaves a change incomplete when a lockfile cannot be read, or when a
//! release that comes in lacks a required finding or has one whose attempt failed.

use crate::ask::{EvidenceOf, evidence_of};
use lockgate_model::{
    Assessment, Cause, CauseKind, Evidence, LockfileChange, LockfileStatus, Observation, Origin, Reason, ReleaseChange,
};

/// Collectors without whose evidence no release comes in.
pub const REQUIRED: [&str; 4] = ["checksum", "license", "advisory", "diff"];

/// What is incomplete whatever the rules say.
pub fn reasons(assessment: &Assessment) -> Vec<Reason> {
    let evidence = evidence_of(assessment);
    let lockfiles = assessment.change.lockfiles.iter().filter_map(malformed);
    let releases = assessment.change.releases().filter(|moved| moved.comes_in());
    lockfiles.chain(releases.flat_map(|moved| missing(moved, &evidence))).collect()
}

fn malformed(changed: &LockfileChange) -> Option<Reason> {
    let LockfileStatus::Malformed { error } = &changed.status else { return None };
    Some(Reason {
        code: "lockfile-malformed".into(),
        purl: String::new(),
        lockfile: changed.path.clone(),
        line: error.line.unwrap_or(0),
        message: format!("the lockfile cannot be read: {}", error.message),
        remedy: "write the lockfile anew with its own client and commit the result unedited".into(),
        places: Vec::new(),
    })
}

fn missing(moved: &ReleaseChange, evidence: &EvidenceOf) -> Vec<Reason> {
    let found = evidence.get(&moved.key()).map(Vec::as_slice).unwrap_or_default();
    REQUIRED.into_iter().filter_map(|collector| missing_one(moved, collector, found)).collect()
}

fn missing_one(moved: &ReleaseChange, collector: &str, found: &[&Evidence]) -> Option<Reason> {
    let of_release = |e: &&&Evidence| e.collector == collector && e.subject.release == *moved.release();
    let Some(evidence) = found.iter().find(of_release) else {
        let message = format!("the {collector} check has not looked at it");
        return Some(reason(moved, format!("{collector}-missing"), message, "run the check again".into()));
    };
    let Observation::Unavailable { cause } = &evidence.observation else { return None };
    if left_to_rules(moved, cause) {
        return None;
    }
    let remedy = cause.remedy.clone().unwrap_or_else(|| "run the check again; lockgate doctor says what fails".into());
    Some(reason(moved, format!("{collector}-unavailable"), cause.message.clone(), remedy))
}

/// Outside a registry there may be nothing to read (a bundled release, a git commit): the attempt was made and
/// its failure is known, so rules judge by the origin.
fn left_to_rules(moved: &ReleaseChange, cause: &Cause) -> bool {
    cause.kind == CauseKind::Unsupported && !matches!(moved.entry().origin, Origin::Registry { .. })
}

fn reason(moved: &ReleaseChange, code: String, message: String, remedy: String) -> Reason {
    Reason {
        code,
        purl: moved.release().purl(),
        lockfile: moved.lockfile.clone(),
        line: moved.line(),
        message,
        remedy,
        places: Vec::new(),
    }
}
