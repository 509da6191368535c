//! What policy is asked, and what it answered.

use crate::redact::redacted;
use crate::{Change, CommitSha, Digest, Evidence, EvidenceId, ReleaseKey, RepoId, canonical};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Everything policy sees: the change, and the evidence of each release that comes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    pub change: Change,
    pub releases: Vec<AssessedRelease>,
    /// When the question was asked; policy takes it for "now", so that a replay sees the same time.
    pub asked_at: DateTime<Utc>,
}

/// The evidence of one release change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssessedRelease {
    pub key: ReleaseKey,
    pub evidence: Vec<Evidence>,
}

impl Assessment {
    /// Ids of all evidence, sorted, each once.
    pub fn evidence_ids(&self) -> Vec<EvidenceId> {
        let mut ids: Vec<_> = self.releases.iter().flat_map(|r| r.evidence.iter().map(Evidence::id)).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

/// A place in a file that a reason points to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Path within the artifact or the repository.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// What stands there, in a few words.
    pub note: String,
}

/// One reason why a change is not simply allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Stable, kebab-case: `checksum-mismatch`.
    pub code: String,
    /// Package URL of the release; empty when the reason is about a whole lockfile.
    pub purl: String,
    /// Path of the lockfile; empty when about the whole change.
    pub lockfile: String,
    /// 1-based line in the lockfile; 0 when unknown.
    pub line: u32,
    /// What is wrong, one sentence without the release's name.
    pub message: String,
    /// What to do, one imperative sentence.
    pub remedy: String,
    #[serde(default)]
    pub places: Vec<Place>,
}

impl Reason {
    /// Without secrets and e-mail addresses in what it quotes. Its code, release and lockfile are names by which it is
    /// found, and stay.
    #[must_use]
    pub fn redacted(self) -> Self {
        let place = |place: Place| Place { path: redacted(place.path), note: redacted(place.note), ..place };
        Self {
            message: redacted(self.message),
            remedy: redacted(self.remedy),
            places: self.places.into_iter().map(place).collect(),
            ..self
        }
    }
}

/// The answer, without its reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Allow,
    Deny,
    Incomplete,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Incomplete => "incomplete",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Policy's answer. A deny may carry what else is incomplete among its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Decision {
    Allow,
    Deny {
        reasons: Vec<Reason>,
        #[serde(default)]
        incomplete: Vec<Reason>,
    },
    Incomplete {
        reasons: Vec<Reason>,
    },
}

impl Decision {
    /// Deny wins over incomplete, incomplete over allow: missing evidence never passes.
    pub fn from_reasons(deny: Vec<Reason>, incomplete: Vec<Reason>) -> Self {
        if !deny.is_empty() {
            Self::Deny { reasons: deny, incomplete }
        } else if !incomplete.is_empty() {
            Self::Incomplete { reasons: incomplete }
        } else {
            Self::Allow
        }
    }

    /// Each reason [`Reason::redacted`]. To be done before a decision is kept: afterwards its hash forbids it.
    #[must_use]
    pub fn redacted(self) -> Self {
        let all = |reasons: Vec<Reason>| reasons.into_iter().map(Reason::redacted).collect();
        match self {
            Self::Allow => Self::Allow,
            Self::Deny { reasons, incomplete } => Self::Deny { reasons: all(reasons), incomplete: all(incomplete) },
            Self::Incomplete { reasons } => Self::Incomplete { reasons: all(reasons) },
        }
    }

    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Allow => Outcome::Allow,
            Self::Deny { .. } => Outcome::Deny,
            Self::Incomplete { .. } => Outcome::Incomplete,
        }
    }

    /// Reasons to deny first, then what is incomplete.
    pub fn reasons(&self) -> impl Iterator<Item = &Reason> {
        let (first, second): (&[Reason], &[Reason]) = match self {
            Self::Allow => (&[], &[]),
            Self::Deny { reasons, incomplete } => (reasons, incomplete),
            Self::Incomplete { reasons } => (reasons, &[]),
        };
        first.iter().chain(second)
    }
}

/// A decision as it is kept: append-only, chained by hash within its server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionRecord {
    pub id: Uuid,
    /// Position in the chain, from 1, without gaps.
    pub sequence: i64,
    pub repository: RepoId,
    pub base: CommitSha,
    pub head: CommitSha,
    pub pull_request: Option<i64>,
    #[serde(flatten)]
    pub decision: Decision,
    pub policy_digest: Digest,
    pub evidence: Vec<EvidenceId>,
    /// Who caused it: `github:<event>`, `cli`, `api:<token name>`.
    pub actor: String,
    pub decided_at: DateTime<Utc>,
    /// [`Self::hash`] of the decision before; `None` for the first.
    pub previous: Option<Digest>,
    /// SHA-256 over the canonical JSON of every other field.
    pub hash: Digest,
}

impl DecisionRecord {
    /// The hash that the record must carry (`hash` itself left out).
    pub fn expected_hash(&self) -> Digest {
        let mut value = serde_json::to_value(self).expect("a decision has only string keys");
        if let Some(object) = value.as_object_mut() {
            object.remove("hash");
        }
        canonical::digest(&value)
    }
}
