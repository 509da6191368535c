//! Claims jobs, keeps their leases, and settles how they ended.

use super::{Context, Kind, Payload, backoff, collect_evidence, decide, detect_changes, publish};
use anyhow::{Context as _, Result};
use chrono::Utc;
use lockgate_store::jobs::{self, Failed, Held, Job, Listener};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// A job whose worker died is free again after this time.
const LEASE: Duration = Duration::from_secs(30);
/// The queue is looked at this often even when no notification arrives.
const POLL: Duration = Duration::from_secs(2);

/// How a job ended, short of an error.
#[derive(Debug)]
pub(crate) enum Ended {
    /// What it did is committed, the next job with it.
    Done,
    /// Not yet: the world is not ready (a commit is not readable, a registry is down).
    Again { after: chrono::Duration, why: String },
}

/// The pool of workers of one process.
#[derive(Debug)]
pub struct Workers {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Workers {
    /// Starts `config.work.workers` workers.
    pub fn start(context: &Arc<Context>) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for number in 0..context.config.work.workers {
            let name = format!("{}-{}-{number}", std::process::id(), uuid::Uuid::new_v4().simple());
            tasks.spawn(work(Arc::clone(context), name, stop.clone()));
        }
        Self { tasks, stop }
    }

    /// Lets running jobs end, claims no further one.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn work(context: Arc<Context>, worker: String, stop: CancellationToken) {
    let mut listener: Option<Listener> = None;
    while !stop.is_cancelled() {
        match next(&context, &worker).await {
            Ok(Some(job)) => run(&context, &worker, job).await,
            Ok(None) => wait(&context, &mut listener, &stop).await,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "claim a job; trying again in {} s", POLL.as_secs());
                tokio::select! { () = tokio::time::sleep(POLL) => {}, () = stop.cancelled() => {} }
            }
        }
    }
}

async fn next(context: &Context, worker: &str) -> Result<Option<Job>> {
    let kinds = Kind::ALL.map(Kind::name);
    Ok(jobs::claim(context.store.pool(), worker, &kinds, LEASE).await?)
}

/// Waits for a notification, the poll interval, or the end.
async fn wait(context: &Context, listener: &mut Option<Listener>, stop: &CancellationToken) {
    if listener.is_none() {
        *listener = Listener::connect(&context.store).await.ok();
    }
    let notified = async {
        match listener.as_mut() {
            Some(listener) => listener.wait().await.is_ok(),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        alive = notified => if !alive { *listener = None },
        () = tokio::time::sleep(POLL) => {}
        () = stop.cancelled() => {}
    }
}

async fn run(context: &Arc<Context>, worker: &str, job: Job) {
    let span = tracing::info_span!("job", kind = job.kind, id = job.id, attempt = job.attempt);
    let started = std::time::Instant::now();
    let lease = tokio::spawn(keep_lease(Arc::clone(context), worker.to_owned(), job.id));
    // A panic in a job must not take the worker with it.
    let outcome = if job.is_spent() {
        Ok(Err(anyhow::anyhow!("every worker that held the job died")))
    } else {
        let (context, job) = (Arc::clone(context), job.clone());
        tokio::spawn(async move { perform(&context, &job).await }.instrument(span.clone())).await
    };
    lease.abort();
    let outcome = outcome.unwrap_or_else(|panic| Err(anyhow::anyhow!("the job panicked: {panic}")));
    metrics::histogram!("lockgate_job_seconds", "kind" => job.kind.clone()).record(started.elapsed().as_secs_f64());
    if let Err(error) = settle(context, worker, &job, outcome).instrument(span).await {
        tracing::error!(
            job = job.id,
            error = format!("{error:#}"),
            "settle a job; its lease will run out and it is repeated"
        );
    }
}

async fn keep_lease(context: Arc<Context>, worker: String, job: i64) {
    loop {
        tokio::time::sleep(LEASE / 3).await;
        if let Err(error) = jobs::extend(context.store.pool(), job, &worker, LEASE).await {
            tracing::warn!(job, error = format!("{error:#}"), "extend the lease of a job");
        }
    }
}

async fn perform(context: &Arc<Context>, job: &Job) -> Result<Ended> {
    let payload: Payload = serde_json::from_value(job.payload.clone()).context("read the job's payload")?;
    let kind = Kind::from_name(&job.kind).with_context(|| format!("no job is called {:?}", job.kind))?;
    let evaluation = context.evaluation(payload.evaluation).await?;
    match kind {
        Kind::DetectChanges => detect_changes::run(context, evaluation).await,
        Kind::CollectEvidence => collect_evidence::run(context, evaluation, job.attempt).await,
        Kind::Decide => decide::run(context, evaluation).await,
        Kind::Publish => publish::run(context, evaluation).await,
    }
}

async fn settle(context: &Context, worker: &str, job: &Job, outcome: Result<Ended>) -> Result<()> {
    let pool = context.store.pool();
    let (why, after) = match outcome {
        Ok(Ended::Done) => {
            if jobs::complete(pool, job.id, worker).await? == Held::Lost {
                tracing::warn!(
                    job = job.id,
                    "the lease ran out before the job ended; it may be repeated, which is harmless"
                );
            }
            metrics::counter!("lockgate_jobs_total", "kind" => job.kind.clone(), "ended" => "done").increment(1);
            return Ok(());
        }
        Ok(Ended::Again { after, why }) => (why, after),
        Err(error) => {
            let why = format!("{error:#}");
            tracing::warn!(error = why, "the job failed");
            (why, backoff(job.attempt))
        }
    };
    let last = job.attempt >= job.max_attempts;
    metrics::counter!("lockgate_jobs_total", "kind" => job.kind.clone(), "ended" => if last { "given_up" } else { "again" })
        .increment(1);
    if last {
        give_up(context, worker, job, &why).await
    } else {
        note(job, jobs::fail(pool, job.id, worker, &why, Some(Utc::now() + after)).await?);
        Ok(())
    }
}

/// The last attempt failed: the evaluation still ends in a decision, an incomplete one, and in a final check run.
async fn give_up(context: &Context, worker: &str, job: &Job, why: &str) -> Result<()> {
    tracing::error!(job = job.id, kind = job.kind, why, "given up after {} attempts", job.attempt);
    let payload: Payload = serde_json::from_value(job.payload.clone())?;
    let mut transaction = context.store.begin().await?;
    if job.kind != Kind::Publish.name() {
        let evaluation = context.evaluation(payload.evaluation).await?;
        decide::append_failure(context, &mut transaction, &evaluation, &job.kind, why).await?;
        jobs::enqueue(&mut *transaction, &super::job(Kind::Publish, payload.evaluation)).await?;
    }
    // A lost lease means that another worker gives up instead: what stands in this transaction is undone.
    match jobs::fail(&mut *transaction, job.id, worker, why, None).await? {
        Failed::Lost => note(job, Failed::Lost),
        Failed::Again | Failed::GivenUp => transaction.commit().await?,
    }
    Ok(())
}

fn note(job: &Job, failed: Failed) {
    if failed == Failed::Lost {
        tracing::warn!(job = job.id, "the lease ran out before the job ended; it is repeated, which is harmless");
    }
}
