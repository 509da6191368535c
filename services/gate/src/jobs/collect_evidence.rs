//! Third job: evidence about every release that comes in, tried again while a cause may pass.
//!
//! What needs no artifact is known within a second; it is judged and shown at once, and the full evidence refines it.

use super::{
    Context, Task,
    ended::{Ended, Holding},
    opening,
};
use crate::pipeline::{self, Collector};
use anyhow::{Context as _, Result};
use futures::{FutureExt, future::BoxFuture};
use lockgate_model::{Assessment, Cause, Change, Evidence, Observation, Reason};
use lockgate_policy::Context as PolicyContext;
use lockgate_store::{evaluations, evidence, jobs};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Evidence that is there by then needs no preview.
const HEAD_START: Duration = Duration::from_millis(250);

/// What is shown before the decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Provisional {
    /// Why releases will be denied, whatever else is found.
    pub reasons: Vec<Reason>,
    /// Releases about which something is known already.
    pub looked_at: usize,
}

pub(crate) async fn run(
    context: &Arc<Context>,
    evaluation: evaluations::Evaluation,
    holding: &Holding,
) -> Result<Ended> {
    let change = evaluation.change.clone().context("collect evidence: the change was not recorded")?;
    let mut collecting = collect(context.collector_for(evaluation.repository_id), change.clone());
    let assessment = tokio::select! {
        assessment = &mut collecting => assessment?,
        () = preview(Arc::clone(context), evaluation.clone(), change, holding.attempt) => collecting.await?,
    };
    let passing = passing_cause(&assessment).cloned();

    let mut transaction = context.store.begin().await?;
    let all: Vec<Evidence> = assessment.releases.iter().flat_map(|r| r.evidence.iter().cloned()).collect();
    evidence::insert_all(&mut transaction, &all).await?;
    if let Some(cause) = passing
        && holding.attempt < context.config.work.attempts
    {
        // What was observed is kept, so that the next attempt asks only for what is missing.
        transaction.commit().await?;
        let doubled = 1_u64 << (holding.attempt - 1).clamp(0, 6);
        let after = Duration::from_secs(context.config.work.retry_seconds.saturating_mul(doubled));
        return Ok(Ended::Again { after, why: cause.to_string() });
    }
    let links: Vec<_> =
        assessment.releases.iter().flat_map(|r| r.evidence.iter().map(|e| (r.key.clone(), e.id()))).collect();
    evidence::link(&mut transaction, evaluation.id, &links).await?;
    evaluations::set_asked_at(&mut *transaction, evaluation.id, assessment.asked_at).await?;
    jobs::enqueue(&mut *transaction, &Task::Decide { evaluation: evaluation.id }.job()).await?;
    holding.commit(transaction).await
}

/// The first cause that may be gone at the next attempt.
fn passing_cause(assessment: &Assessment) -> Option<&Cause> {
    assessment.releases.iter().flat_map(|r| &r.evidence).find_map(|evidence| match &evidence.observation {
        Observation::Unavailable { cause } if cause.kind.is_transient() => Some(cause),
        _ => None,
    })
}

fn collect(collector: Collector, change: Change) -> BoxFuture<'static, Result<Assessment>> {
    async move { pipeline::collect(&collector, change, &|_| {}).await }.boxed()
}

/// A failure here is logged only: the decision follows anyway.
fn preview(
    context: Arc<Context>,
    evaluation: evaluations::Evaluation,
    change: Change,
    attempt: i32,
) -> BoxFuture<'static, ()> {
    async move {
        if attempt > 1 {
            return std::future::pending().await;
        }
        tokio::time::sleep(HEAD_START).await;
        if let Err(error) = try_preview(&context, &evaluation, &change).await {
            tracing::warn!(repository = %evaluation.repository, error = format!("{error:#}"), "judge provisionally");
        }
    }
    .boxed()
}

async fn try_preview(context: &Context, evaluation: &evaluations::Evaluation, change: &Change) -> Result<()> {
    let assessment = pipeline::preview(&context.collector, change).await?;
    let looked_at = assessment.releases.iter().filter(|r| !r.evidence.is_empty()).count();
    let (policy, facts) = (
        context.policy.current(),
        PolicyContext { registry_hosts: context.config.registry_hosts(), ..Default::default() },
    );
    let decided = tokio::task::spawn_blocking(move || policy.decide(&assessment, &facts)).await??;
    let reasons = match decided {
        lockgate_model::Decision::Deny { reasons, .. } => reasons,
        _ => Vec::new(),
    };
    let mut transaction = context.store.begin().await?;
    let provisional = serde_json::to_value(Provisional { reasons, looked_at })?;
    evaluations::set_provisional(&mut *transaction, evaluation.id, &provisional).await?;
    opening::show_progress(&mut transaction, evaluation).await?;
    transaction.commit().await?;
    Ok(())
}
