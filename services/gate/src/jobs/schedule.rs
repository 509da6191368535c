//! What is due by the clock: enqueued by every server, performed by one, since each such job has one key.

use super::{Context, Task};
use anyhow::Result;
use lockgate_store::{installations, jobs};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Seconds between two looks for what is too old to be kept.
const RETAIN_SECONDS: u64 = 3600;
/// Seconds between two looks at how the models do.
const WATCH_MODELS_SECONDS: u64 = 60;
/// Seconds between two looks whether yesterday was measured.
const MEASURE_DRIFT_SECONDS: u64 = 3600;
/// Seconds between two looks whether a part of the mirror is due.
const VERIFY_MIRROR_SECONDS: u64 = 30;

/// Enqueues until `stop`.
pub(super) async fn keep(context: Arc<Context>, stop: CancellationToken) {
    let work = &context.config.work;
    let every = |seconds: u64| {
        let mut interval = tokio::time::interval(Duration::from_secs(seconds.max(1)));
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        interval
    };
    let (mut sweep, mut compare) = (every(work.sweep_seconds), every(work.compare_deliveries_seconds));
    let mut retain = every(RETAIN_SECONDS);
    let (mut watch, mut measure) = (every(WATCH_MODELS_SECONDS), every(MEASURE_DRIFT_SECONDS));
    let mut verify = every(VERIFY_MIRROR_SECONDS);
    let (scores, keeps) = (context.models.is_some(), context.mirror.is_some());
    loop {
        let enqueued = tokio::select! {
            _ = sweep.tick() => enqueue(&context, &Task::Sweep {}).await,
            _ = compare.tick() => reconcile(&context).await,
            _ = retain.tick() => enqueue(&context, &Task::Retain {}).await,
            _ = watch.tick(), if scores => enqueue(&context, &Task::WatchModels {}).await,
            _ = measure.tick(), if scores => enqueue(&context, &Task::MeasureDrift {}).await,
            _ = verify.tick(), if keeps => enqueue(&context, &Task::VerifyMirror {}).await,
            () = stop.cancelled() => return,
        };
        if let Err(error) = enqueued {
            tracing::warn!(error = format!("{error:#}"), "enqueue what is due; the next time it is tried again");
        }
    }
}

async fn reconcile(context: &Context) -> Result<()> {
    if context.github.is_none() {
        return Ok(());
    }
    enqueue(context, &Task::CompareDeliveries {}).await?;
    let period = Duration::from_secs(context.config.work.reconcile_seconds);
    for installation in installations::due(context.store.pool(), period).await? {
        enqueue(context, &Task::Reconcile { installation }).await?;
    }
    Ok(())
}

async fn enqueue(context: &Context, task: &Task) -> Result<()> {
    jobs::enqueue(context.store.pool(), &task.job()).await?;
    Ok(())
}
