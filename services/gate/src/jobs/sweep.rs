//! The reaper: what is overdue ends, incomplete; what was lost begins again. A required check that is never posted
//! blocks for ever, so nothing may depend on a single job's surviving.

use super::{
    Context, Task, decide,
    ended::{Ended, Holding},
    opening,
    task::Shown,
};
use anyhow::Result;
use lockgate_store::{
    check_runs, deliveries,
    evaluations::{self, Evaluation, State},
    jobs,
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) async fn run(context: &Arc<Context>, holding: &Holding) -> Result<Ended> {
    let pool = context.store.pool();
    for id in check_runs::overdue(pool).await? {
        end(context, id).await?;
    }
    for delivery in deliveries::without_job(pool).await? {
        tracing::warn!(%delivery, "its job was given up; it is started again");
        jobs::enqueue(pool, &Task::HandleDelivery { delivery }.job()).await?;
    }
    for evaluation in evaluations::without_job(pool).await? {
        restart(context, &evaluation).await?;
    }
    for id in check_runs::behind(pool).await? {
        jobs::enqueue(pool, &Task::Publish(Shown::CheckRun(id)).job()).await?;
    }
    holding.finish(&context.store).await
}

/// Answers the open questions of an overdue head as incomplete. Its check run is then concluded like any other; where
/// that fails too, the next look tries again.
async fn end(context: &Context, id: Uuid) -> Result<()> {
    let Some(run) = check_runs::get(context.store.pool(), id).await? else { return Ok(()) };
    let mut transaction = context.store.begin().await?;
    for question in evaluations::questions(&mut *transaction, run.repository_id, &run.head_sha).await? {
        let open = evaluations::lock(&mut *transaction, question.id).await?;
        let Some(open) = open.filter(|e| !e.is_superseded() && !e.is_decided()) else { continue };
        let why = format!(
            "no decision within {} s, while it was {}",
            context.config.work.deadline_seconds,
            open.state.name()
        );
        decide::append_failure(context, &mut transaction, &open, "meet_the_deadline", &why).await?;
    }
    opening::show(&mut transaction, run.repository_id, &run.head_sha).await?;
    check_runs::extend(&mut *transaction, id, context.deadline()).await?;
    transaction.commit().await?;
    metrics::counter!("lockgate_overdue_total").increment(1);
    tracing::error!(check_run = %id, head = run.head_sha.short(), "the check met its deadline without a conclusion");
    Ok(())
}

async fn restart(context: &Context, evaluation: &Evaluation) -> Result<()> {
    let evaluation_id = evaluation.id;
    let task = match evaluation.state {
        State::Queued => Task::DetectChanges { evaluation: evaluation_id },
        State::Collecting => Task::CollectEvidence { evaluation: evaluation_id },
        State::Deciding => Task::Decide { evaluation: evaluation_id },
        State::Publishing | State::Done | State::Stopped => return Ok(()),
    };
    tracing::warn!(evaluation = %evaluation_id, state = evaluation.state.name(), "its job was lost; it is started again");
    jobs::enqueue(context.store.pool(), &task.job()).await?;
    Ok(())
}
