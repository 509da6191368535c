//! Report, version 1: the frozen output type that the page, the API, `scan --format json` and the check
//! run are made of. Fields are added, never renamed or removed; a change of meaning is version 2.

use chrono::{DateTime, Utc};
use lockgate_model::{
    AssessedRelease, Assessment, ChangeKind, CommitSha, Decision, Digest, EvidenceId, LockfileStatus, Observation,
    Outcome, Place, Reason, ReleaseChange, RepoId, redact::redacted,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What a report is told beyond question and answer.
#[derive(Debug, Clone)]
pub struct Meta {
    /// `None` for a scan, which keeps nothing.
    pub id: Option<Uuid>,
    pub policy_digest: Digest,
    pub decided_at: DateTime<Utc>,
    /// The decision's page, where a server keeps it.
    pub page_url: Option<String>,
}

/// A decision, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Always 1.
    pub version: u32,
    pub id: Option<Uuid>,
    pub outcome: Outcome,
    pub repository: RepoId,
    pub base: CommitSha,
    pub head: CommitSha,
    pub summary: Summary,
    pub lockfiles: Vec<LockfileReport>,
    /// Denied first, then incomplete, then allowed, then removed.
    pub releases: Vec<ReleaseReport>,
    /// Reasons about a whole lockfile or the whole change.
    pub reasons: Vec<ReasonReport>,
    /// Obligations that this change brings and that were not owed before.
    pub new_obligations: Vec<ObligationReport>,
    pub policy_digest: Digest,
    pub decided_at: DateTime<Utc>,
    pub page: Option<String>,
}

/// Releases by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Releases that come in: added, moved or re-pinned.
    pub releases: u32,
    pub allowed: u32,
    pub denied: u32,
    pub incomplete: u32,
    pub removed: u32,
}

/// One lockfile that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockfileReport {
    pub path: String,
    /// `appeared`, `disappeared`, `changed`, `malformed`.
    pub status: String,
    /// Why a malformed one cannot be read, with its position.
    pub error: Option<String>,
}

/// One release that the change moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseReport {
    pub purl: String,
    pub ecosystem: String,
    pub name: String,
    pub version: String,
    pub old_version: Option<String>,
    pub kind: ChangeKind,
    pub lockfile: String,
    /// 1-based, in the head's lockfile; in the base's for a removal.
    pub line: u32,
    pub outcome: Outcome,
    pub reasons: Vec<ReasonReport>,
    pub obligations: Vec<ObligationReport>,
    pub evidence: Vec<EvidenceReport>,
}

/// One reason, with whether it denies or leaves open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonReport {
    /// `deny` or `incomplete`.
    pub outcome: Outcome,
    pub code: String,
    pub lockfile: String,
    /// 0 when unknown.
    pub line: u32,
    pub message: String,
    pub remedy: String,
    pub places: Vec<Place>,
}

/// One licence obligation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ObligationReport {
    pub kind: String,
    pub licenses: Vec<String>,
    pub new: bool,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceReport {
    pub id: EvidenceId,
    pub collector: String,
    pub collector_version: u32,
    #[serde(flatten)]
    pub observation: Observation,
    pub collected_at: DateTime<Utc>,
}

impl Report {
    /// Explains `decision` on `assessment`.
    pub fn new(assessment: &Assessment, decision: &Decision, meta: &Meta) -> Self {
        let mut reasons = Reasons::of(decision);
        let evidence: BTreeMap<_, &AssessedRelease> = assessment.releases.iter().map(|r| (&r.key, r)).collect();
        let mut releases: Vec<ReleaseReport> = assessment
            .change
            .releases()
            .map(|change| release(change, evidence.get(&change.key()).copied(), &mut reasons))
            .collect();
        releases.sort_by_key(|r| (rank(r), r.lockfile.clone(), r.line));
        let summary = summarize(&releases);
        let new_obligations = new_obligations(&releases);
        Self {
            version: 1,
            id: meta.id,
            outcome: decision.outcome(),
            repository: assessment.change.repository.clone(),
            base: assessment.change.base.clone(),
            head: assessment.change.head.clone(),
            summary,
            lockfiles: assessment.change.lockfiles.iter().map(lockfile).collect(),
            releases,
            reasons: reasons.rest(),
            new_obligations,
            policy_digest: meta.policy_digest.clone(),
            decided_at: meta.decided_at,
            page: meta.page_url.clone(),
        }
    }
}

/// Reasons by the release that they are about; taken out as releases are explained, so that none is lost.
struct Reasons {
    by_release: BTreeMap<(String, String), Vec<ReasonReport>>,
}

impl Reasons {
    fn of(decision: &Decision) -> Self {
        let (deny, incomplete): (&[Reason], &[Reason]) = match decision {
            Decision::Allow => (&[], &[]),
            Decision::Deny { reasons, incomplete } => (reasons, incomplete),
            Decision::Incomplete { reasons } => (&[], reasons),
        };
        let mut by_release: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let tagged = deny.iter().map(|r| (Outcome::Deny, r)).chain(incomplete.iter().map(|r| (Outcome::Incomplete, r)));
        // Decisions of an earlier version were kept as they quoted others.
        for (outcome, reason) in tagged.map(|(outcome, reason)| (outcome, reason.clone().redacted())) {
            by_release.entry((reason.lockfile.clone(), reason.purl.clone())).or_default().push(ReasonReport {
                outcome,
                code: reason.code.clone(),
                lockfile: reason.lockfile.clone(),
                line: reason.line,
                message: reason.message.clone(),
                remedy: reason.remedy.clone(),
                places: reason.places.clone(),
            });
        }
        Self { by_release }
    }

    fn take(&mut self, lockfile: &str, purl: &str) -> Vec<ReasonReport> {
        self.by_release.remove(&(lockfile.to_owned(), purl.to_owned())).unwrap_or_default()
    }

    fn rest(self) -> Vec<ReasonReport> {
        self.by_release.into_values().flatten().collect()
    }
}

fn release(change: &ReleaseChange, assessed: Option<&AssessedRelease>, reasons: &mut Reasons) -> ReleaseReport {
    let release = change.release();
    let reasons = reasons.take(&change.lockfile, &release.purl());
    let outcome = reasons.iter().map(|r| r.outcome).fold(Outcome::Allow, |worst, outcome| match (worst, outcome) {
        (Outcome::Deny, _) | (_, Outcome::Deny) => Outcome::Deny,
        (Outcome::Incomplete, _) | (_, Outcome::Incomplete) => Outcome::Incomplete,
        _ => Outcome::Allow,
    });
    let evidence: Vec<EvidenceReport> = assessed
        .into_iter()
        .flat_map(|a| &a.evidence)
        .map(|e| EvidenceReport {
            id: e.id(),
            collector: e.collector.clone(),
            collector_version: e.collector_version,
            observation: e.observation.clone().redacted(),
            collected_at: e.collected_at,
        })
        .collect();
    ReleaseReport {
        purl: release.purl(),
        ecosystem: release.ecosystem.name().to_owned(),
        name: release.name.clone(),
        version: release.version.clone(),
        old_version: change.old_version().map(str::to_owned),
        kind: change.kind,
        lockfile: change.lockfile.clone(),
        line: change.line(),
        outcome,
        reasons,
        obligations: obligations(&evidence),
        evidence,
    }
}

/// The obligations that the license check found; see its facts.
fn obligations(evidence: &[EvidenceReport]) -> Vec<ObligationReport> {
    let facts = evidence.iter().find_map(|e| match (&e.observation, e.collector.as_str()) {
        (Observation::Observed { facts }, "license") => facts.get("obligations"),
        _ => None,
    });
    facts.and_then(|list| serde_json::from_value(list.clone()).ok()).unwrap_or_default()
}

fn new_obligations(releases: &[ReleaseReport]) -> Vec<ObligationReport> {
    let mut licenses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for obligation in releases.iter().flat_map(|r| &r.obligations).filter(|o| o.new) {
        licenses.entry(&obligation.kind).or_default().extend(obligation.licenses.iter().map(String::as_str));
    }
    licenses
        .into_iter()
        .map(|(kind, licenses)| ObligationReport {
            kind: kind.to_owned(),
            licenses: licenses.into_iter().map(str::to_owned).collect(),
            new: true,
        })
        .collect()
}

fn lockfile(change: &lockgate_model::LockfileChange) -> LockfileReport {
    let (status, error) = match &change.status {
        LockfileStatus::Appeared => ("appeared", None),
        LockfileStatus::Disappeared => ("disappeared", None),
        LockfileStatus::Changed => ("changed", None),
        LockfileStatus::Malformed { error } => ("malformed", Some(redacted(error.to_string()))),
    };
    LockfileReport { path: change.path.clone(), status: status.to_owned(), error }
}

fn rank(release: &ReleaseReport) -> u8 {
    match (release.kind, release.outcome) {
        (_, Outcome::Deny) => 0,
        (_, Outcome::Incomplete) => 1,
        (ChangeKind::Removed, _) => 3,
        _ => 2,
    }
}

fn summarize(releases: &[ReleaseReport]) -> Summary {
    let count = |wanted: &dyn Fn(&ReleaseReport) -> bool| {
        u32::try_from(releases.iter().filter(|r| wanted(r)).count()).unwrap_or(u32::MAX)
    };
    let comes_in = |r: &ReleaseReport| r.kind != ChangeKind::Removed;
    Summary {
        releases: count(&comes_in),
        allowed: count(&|r| comes_in(r) && r.outcome == Outcome::Allow),
        denied: count(&|r| r.outcome == Outcome::Deny),
        incomplete: count(&|r| r.outcome == Outcome::Incomplete),
        removed: count(&|r| !comes_in(r)),
    }
}

/// The JSON Schema of [`Report`], committed in `schema/report-v1.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Report)
}
