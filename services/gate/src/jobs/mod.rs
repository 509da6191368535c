//! The queue's workers: each job is one file, idempotent, and ends by committing what it did together
//! with the job that follows.
//!
//! `kill -9` between two statements loses nothing: an unfinished job's lease runs out and another worker
//! repeats it; a repeated job finds what the first one committed.

mod collect_evidence;
mod context;
mod decide;
mod detect_changes;
mod publish;
mod worker;

pub use context::Context;
pub use publish::CHECK_NAME;
pub use worker::Workers;

use chrono::Duration;
use lockgate_store::jobs::NewJob;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The kinds of job, in the order in which an evaluation passes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    DetectChanges,
    CollectEvidence,
    Decide,
    Publish,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::DetectChanges, Self::CollectEvidence, Self::Decide, Self::Publish];

    pub fn name(self) -> &'static str {
        match self {
            Self::DetectChanges => "detect_changes",
            Self::CollectEvidence => "collect_evidence",
            Self::Decide => "decide",
            Self::Publish => "publish",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }
}

/// Every job's payload: the evaluation it moves on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Payload {
    pub evaluation: Uuid,
}

/// Attempts before a job is given up. An evaluation whose job is given up completes as incomplete.
pub(crate) const MAX_ATTEMPTS: i32 = 8;

/// The job that moves `evaluation` on by `kind`; one unfinished job of a kind per evaluation.
pub fn job(kind: Kind, evaluation: Uuid) -> NewJob {
    NewJob {
        kind: kind.name().to_owned(),
        key: Some(format!("{}:{evaluation}", kind.name())),
        payload: serde_json::json!(Payload { evaluation }),
        run_at: None,
        max_attempts: MAX_ATTEMPTS,
    }
}

/// How long to wait before attempt `attempt + 1`: 2 s doubled each time, at most 5 minutes.
pub(crate) fn backoff(attempt: i32) -> Duration {
    let exponent = u32::try_from(attempt.clamp(0, 8)).unwrap_or(8);
    Duration::seconds((2_i64 << exponent).min(300))
}
