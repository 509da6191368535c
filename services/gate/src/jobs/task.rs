//! What a job is asked to do, as the queue keeps it.

use anyhow::{Context as _, Result};
use lockgate_model::DeliveryId;
use lockgate_store::jobs::NewJob;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// A job's kind and payload. The names stand in the queue of a running server: they do not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Task {
    /// Act on an event that was accepted.
    HandleDelivery { delivery: DeliveryId },
    /// Fetch the commits and find what moved.
    DetectChanges { evaluation: Uuid },
    /// Gather evidence about every release that comes in.
    CollectEvidence { evaluation: Uuid },
    /// Let policy judge.
    Decide { evaluation: Uuid },
    /// Make GitHub show the newest state of a head.
    Publish(Shown),
    /// Compare the App's delivery log with the deliveries that arrived.
    CompareDeliveries {},
    /// Find the repositories that an installation reaches.
    Reconcile { installation: i64 },
    /// Compare a repository's open pull requests with its evaluations.
    ReconcileRepository { repository: i64 },
    /// End what is overdue, restart what was lost.
    Sweep {},
    /// Remove what is older than the schedule says.
    Retain {},
    /// Take a model back that does what none may.
    WatchModels {},
    /// Compare yesterday's releases with what the models were measured on.
    MeasureDrift {},
    /// Keep the artifacts of a decision that allows.
    KeepArtifacts { decision: Uuid },
    /// Look at the part of the mirror that is due.
    VerifyMirror {},
}

/// Which head is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    CheckRun(Uuid),
    /// As the version before wrote it.
    Evaluation(Uuid),
}

/// Attempts before a job is given up. An evaluation whose job is given up completes as incomplete. What only waits (for
/// a rate limit, for a commit) does not use one up.
const MAX_ATTEMPTS: i32 = 8;

impl Task {
    /// What is done at once and releases others, what is wanted first before the others: what was begun is finished
    /// before what is new, and a delivery comes first, since it may stop work.
    pub const PIPELINE: [&str; 4] = ["handle_delivery", "decide", "collect_evidence", "detect_changes"];
    /// What waits for GitHub, or for nobody. Apart, so that a GitHub that hangs does not hold up the judging.
    pub const TELLING: [&str; 10] = [
        "sweep",
        "compare_deliveries",
        "reconcile",
        "publish",
        "reconcile_repository",
        "retain",
        "watch_models",
        "measure_drift",
        "keep_artifacts",
        "verify_mirror",
    ];

    pub fn kind(&self) -> &'static str {
        match self {
            Self::HandleDelivery { .. } => "handle_delivery",
            Self::DetectChanges { .. } => "detect_changes",
            Self::CollectEvidence { .. } => "collect_evidence",
            Self::Decide { .. } => "decide",
            Self::Publish(_) => "publish",
            Self::CompareDeliveries {} => "compare_deliveries",
            Self::Reconcile { .. } => "reconcile",
            Self::ReconcileRepository { .. } => "reconcile_repository",
            Self::Sweep {} => "sweep",
            Self::Retain {} => "retain",
            Self::WatchModels {} => "watch_models",
            Self::MeasureDrift {} => "measure_drift",
            Self::KeepArtifacts { .. } => "keep_artifacts",
            Self::VerifyMirror {} => "verify_mirror",
        }
    }

    /// # Errors
    /// When the queue holds what this program does not know: it was written by a newer one.
    pub(crate) fn read(kind: &str, payload: &serde_json::Value) -> Result<Self> {
        let whole = serde_json::json!({ "kind": kind, "payload": payload });
        serde_json::from_value(whole).with_context(|| format!("read a job {kind:?}; was it written by a newer server?"))
    }

    /// The job; one unfinished job a kind and subject.
    pub fn job(&self) -> NewJob {
        let whole = serde_json::to_value(self).expect("a task has only string keys");
        NewJob {
            kind: self.kind().to_owned(),
            key: Some(self.key()),
            payload: whole["payload"].clone(),
            delay: Duration::ZERO,
            max_attempts: MAX_ATTEMPTS,
        }
    }

    /// The job that handles a delivery, as [`lockgate_store::deliveries::accept`] takes it.
    pub(crate) fn handling() -> NewJob {
        let any = Self::HandleDelivery { delivery: "0".parse().expect("a constant id parses") };
        NewJob { key: None, payload: serde_json::Value::Null, ..any.job() }
    }

    fn key(&self) -> String {
        let kind = self.kind();
        match self {
            Self::HandleDelivery { delivery } => format!("{kind}:{delivery}"),
            Self::DetectChanges { evaluation } | Self::CollectEvidence { evaluation } | Self::Decide { evaluation } => {
                format!("{kind}:{evaluation}")
            }
            Self::Publish(Shown::CheckRun(id) | Shown::Evaluation(id)) => format!("{kind}:{id}"),
            Self::Reconcile { installation } => format!("{kind}:{installation}"),
            Self::ReconcileRepository { repository } => format!("{kind}:{repository}"),
            Self::KeepArtifacts { decision } => format!("{kind}:{decision}"),
            Self::CompareDeliveries {}
            | Self::VerifyMirror {}
            | Self::Sweep {}
            | Self::Retain {}
            | Self::WatchModels {}
            | Self::MeasureDrift {} => kind.to_owned(),
        }
    }

    /// The evaluation that the task moves on.
    pub(crate) fn evaluation(&self) -> Option<Uuid> {
        match self {
            Self::DetectChanges { evaluation } | Self::CollectEvidence { evaluation } | Self::Decide { evaluation } => {
                Some(*evaluation)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_survives_the_queue() {
        let id = Uuid::nil();
        let delivery: DeliveryId = "d-1".parse().unwrap();
        for task in [
            Task::HandleDelivery { delivery },
            Task::DetectChanges { evaluation: id },
            Task::CollectEvidence { evaluation: id },
            Task::Decide { evaluation: id },
            Task::Publish(Shown::CheckRun(id)),
            Task::CompareDeliveries {},
            Task::Reconcile { installation: 42 },
            Task::ReconcileRepository { repository: 7 },
            Task::Sweep {},
            Task::Retain {},
            Task::WatchModels {},
            Task::MeasureDrift {},
            Task::KeepArtifacts { decision: id },
            Task::VerifyMirror {},
        ] {
            let job = task.job();
            assert_eq!(Task::read(&job.kind, &job.payload).unwrap(), task);
            assert!(Task::PIPELINE.contains(&task.kind()) != Task::TELLING.contains(&task.kind()), "{task:?}");
        }
    }

    #[test]
    fn jobs_of_the_version_before_are_understood() {
        let payload = serde_json::json!({ "evaluation": Uuid::nil() });
        assert_eq!(Task::read("publish", &payload).unwrap(), Task::Publish(Shown::Evaluation(Uuid::nil())));
        assert_eq!(Task::read("decide", &payload).unwrap(), Task::Decide { evaluation: Uuid::nil() });
        assert!(Task::read("dance", &payload).is_err());
    }
}
