//! Second job: evidence about every release that comes in, tried again while a cause may pass.

use super::{Context, Kind, job, worker::Ended};
use crate::pipeline;
use anyhow::{Context as _, Result};
use lockgate_model::{Assessment, Cause, Evidence, Observation};
use lockgate_store::{evaluations, evidence, jobs};
use std::sync::Arc;

pub(crate) async fn run(context: &Arc<Context>, evaluation: evaluations::Evaluation, attempt: i32) -> Result<Ended> {
    let change = evaluation.change.clone().context("collect evidence: the change was not recorded")?;
    let assessment = pipeline::collect(&context.collector, change, &|_| {}).await?;
    let passing = passing_cause(&assessment).cloned();

    let mut transaction = context.store.begin().await?;
    let all: Vec<Evidence> = assessment.releases.iter().flat_map(|r| r.evidence.iter().cloned()).collect();
    evidence::insert_all(&mut transaction, &all).await?;
    if let Some(cause) = passing
        && attempt < context.config.work.attempts
    {
        // What was observed is kept, so that the next attempt asks only for what is missing.
        transaction.commit().await?;
        let after = chrono::Duration::seconds(
            i64::try_from(context.config.work.retry_seconds).unwrap_or(20) << (attempt - 1).clamp(0, 6),
        );
        return Ok(Ended::Again { after, why: cause.to_string() });
    }
    let links: Vec<_> =
        assessment.releases.iter().flat_map(|r| r.evidence.iter().map(|e| (r.key.clone(), e.id()))).collect();
    evidence::link(&mut transaction, evaluation.id, &links).await?;
    evaluations::set_asked_at(&mut *transaction, evaluation.id, assessment.asked_at).await?;
    jobs::enqueue(&mut *transaction, &job(Kind::Decide, evaluation.id)).await?;
    transaction.commit().await?;
    Ok(Ended::Done)
}

/// The first cause that may be gone at the next attempt.
fn passing_cause(assessment: &Assessment) -> Option<&Cause> {
    assessment.releases.iter().flat_map(|r| &r.evidence).find_map(|evidence| match &evidence.observation {
        Observation::Unavailable { cause } if cause.kind.is_transient() => Some(cause),
        _ => None,
    })
}
