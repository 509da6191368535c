//! Claims jobs, keeps their leases, and settles how they ended.

use super::{
    Context, Task, collect_evidence, decide, detect_changes,
    ended::{Ended, Holding, backoff, later_if_passing},
    handle_delivery, keep_artifacts, measure_drift, opening, publish, reconcile, retention, schedule, sweep,
    task::Shown,
    verify_mirror, watch_models,
};
use anyhow::{Context as _, Result, anyhow};
use futures::{FutureExt, future::BoxFuture};
use lockgate_store::{
    check_runs, evaluations,
    jobs::{self, Failed, Held, Job, Listener},
};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// A job whose worker died is free again after this time.
const LEASE: Duration = Duration::from_secs(10);
/// How often a lease is made longer.
const RENEWAL: Duration = Duration::from_secs(3);
/// The queue is looked at this often even when no notification arrives.
const POLL: Duration = Duration::from_secs(2);
/// How often a job asks whether its question was withdrawn.
const STANDING: Duration = Duration::from_secs(1);

/// The pool of workers of one process.
#[derive(Debug)]
pub struct Workers {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Workers {
    /// Starts `config.work.workers` workers that judge, `config.work.tellers` that speak to GitHub, and the clock.
    pub fn start(context: &Arc<Context>) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let process = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
        let lanes: [(&str, usize, &'static [&'static str]); 2] = [
            ("judge", context.config.work.workers, &Task::PIPELINE),
            ("tell", context.config.work.tellers, &Task::TELLING),
        ];
        for (lane, count, kinds) in lanes {
            for number in 0..count {
                let name = format!("{process}-{lane}-{number}");
                tasks.spawn(work(Arc::clone(context), name, kinds, stop.clone()));
            }
        }
        tasks.spawn(schedule::keep(Arc::clone(context), stop.clone()));
        Self { tasks, stop }
    }

    /// Lets running jobs end, claims no further one.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn work(context: Arc<Context>, worker: String, kinds: &'static [&'static str], stop: CancellationToken) {
    let mut listener: Option<Listener> = None;
    while !stop.is_cancelled() {
        match jobs::claim(context.store.pool(), &worker, kinds, LEASE).await {
            Ok(Some(job)) => run(&context, &worker, job).await,
            Ok(None) => wait(&context, kinds, &mut listener, &stop).await,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "claim a job; trying again in {} s", POLL.as_secs());
                tokio::select! { () = tokio::time::sleep(POLL) => {}, () = stop.cancelled() => {} }
            }
        }
    }
}

/// Waits for a notification, the time at which the next job is due, the poll interval, or the end.
async fn wait(
    context: &Context,
    kinds: &'static [&'static str],
    listener: &mut Option<Listener>,
    stop: &CancellationToken,
) {
    if listener.is_none() {
        *listener = Listener::connect(&context.store).await.ok();
        // What was enqueued before we listened was not notified to us.
        if listener.is_some() {
            return;
        }
    }
    let due = jobs::next_due(context.store.pool(), kinds).await.ok().flatten().unwrap_or(POLL).min(POLL);
    let notified = async {
        match listener.as_mut() {
            Some(listener) => listener.wait().await.is_ok(),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        alive = notified => if !alive { *listener = None },
        () = tokio::time::sleep(due) => {}
        () = stop.cancelled() => {}
    }
}

async fn run(context: &Arc<Context>, worker: &str, job: Job) {
    let span = tracing::info_span!("job", kind = job.kind, id = job.id, attempt = job.attempt);
    let started = Instant::now();
    let holding = Holding { job: job.id, worker: worker.to_owned(), attempt: job.attempt };
    let outcome = if job.is_spent() {
        Err(anyhow!("every worker that held the job died"))
    } else {
        held(context, &holding, perform(Arc::clone(context), job.clone(), holding.clone()).instrument(span.clone()))
            .await
    };
    metrics::histogram!("lockgate_job_seconds", "kind" => job.kind.clone()).record(started.elapsed().as_secs_f64());
    if let Err(error) = settle(context, &holding, &job, outcome).instrument(span).await {
        tracing::error!(
            job = job.id,
            error = format!("{error:#}"),
            "settle a job; its lease will run out and it is repeated"
        );
    }
}

/// Runs the work as long as the job is ours: past its lease another worker may have it, and GitHub must not hear both.
async fn held(
    context: &Context,
    holding: &Holding,
    work: impl Future<Output = Result<Ended>> + Send + 'static,
) -> Result<Ended> {
    // A panic in a job must not take the worker with it.
    let mut task = tokio::spawn(work);
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = lost(context, holding) => {
            task.abort();
            let _ = task.await;
            return Err(anyhow!("the lease was lost while the job ran; another worker repeats it"));
        }
    };
    ended.unwrap_or_else(|panic| Err(anyhow!("the job panicked: {panic}")))
}

/// Renews the lease; returns when it can no longer be counted on.
async fn lost(context: &Context, holding: &Holding) {
    let mut sure_until = Instant::now() + LEASE;
    loop {
        tokio::time::sleep(RENEWAL).await;
        let asked = Instant::now();
        let renewal = jobs::extend(context.store.pool(), holding.job, &holding.worker, LEASE);
        match tokio::time::timeout_at(sure_until, renewal).await {
            Ok(Ok(Held::Held)) => sure_until = asked + LEASE,
            Ok(Ok(Held::Lost)) | Err(_) => return,
            Ok(Err(error)) => {
                tracing::warn!(job = holding.job, error = format!("{error:#}"), "renew the lease of a job");
                if Instant::now() >= sure_until {
                    return;
                }
            }
        }
    }
}

async fn perform(context: Arc<Context>, job: Job, holding: Holding) -> Result<Ended> {
    let task = Task::read(&job.kind, &job.payload)?;
    let Some(id) = task.evaluation() else { return beside(&context, &task, &holding).await };
    let mut evaluation = context.evaluation(id).await?;
    if !is_adopted(&context, &evaluation).await? {
        evaluation = adopt(&context, id).await?;
    }
    if evaluation.is_superseded() || evaluation.is_decided() {
        return holding.finish(&context.store).await;
    }
    tokio::select! {
        ended = step(&context, &task, evaluation, &holding) => ended,
        () = withdrawn(&context, id) => holding.finish(&context.store).await,
    }
}

/// A step of an evaluation.
fn step<'a>(
    context: &'a Arc<Context>,
    task: &Task,
    evaluation: evaluations::Evaluation,
    holding: &'a Holding,
) -> BoxFuture<'a, Result<Ended>> {
    match task {
        Task::DetectChanges { .. } => detect_changes::run(context, evaluation, holding).boxed(),
        Task::CollectEvidence { .. } => collect_evidence::run(context, evaluation, holding).boxed(),
        _ => decide::run(context, evaluation, holding).boxed(),
    }
}

/// What is not a step of an evaluation.
fn beside<'a>(context: &'a Arc<Context>, task: &'a Task, holding: &'a Holding) -> BoxFuture<'a, Result<Ended>> {
    match task {
        Task::HandleDelivery { delivery } => handle_delivery::run(context, delivery, holding).boxed(),
        Task::Publish(shown) => publish::run(context, *shown, holding).boxed(),
        Task::CompareDeliveries {} => reconcile::compare_deliveries(context, holding).boxed(),
        Task::Reconcile { installation } => reconcile::installation(context, *installation, holding).boxed(),
        Task::ReconcileRepository { repository } => reconcile::repository(context, *repository, holding).boxed(),
        Task::Retain {} => retention::run(context, holding).boxed(),
        Task::WatchModels {} => watch_models::run(context, holding).boxed(),
        Task::MeasureDrift {} => measure_drift::run(context, holding).boxed(),
        Task::KeepArtifacts { decision } => keep_artifacts::run(context, *decision, holding).boxed(),
        Task::VerifyMirror {} => verify_mirror::run(context, holding).boxed(),
        _ => sweep::run(context, holding).boxed(),
    }
}

/// Whether the evaluation has a repository, and its head a check run: a server of the version before gave it neither, and
/// a later question about the same head gives it the first alone.
async fn is_adopted(context: &Context, evaluation: &evaluations::Evaluation) -> Result<bool> {
    let Some(repository) = evaluation.repository_id else { return Ok(false) };
    Ok(check_runs::of_head(context.store.pool(), repository, &evaluation.head_sha).await?.is_some())
}

/// An evaluation that a server of the version before opened.
async fn adopt(context: &Context, id: uuid::Uuid) -> Result<evaluations::Evaluation> {
    let mut transaction = context.store.begin().await?;
    evaluations::adopt(&mut transaction, id, context.deadline()).await?;
    transaction.commit().await?;
    context.evaluation(id).await
}

/// Returns when the evaluation was superseded: force-pushed away, its merge group taken apart, its repository gone.
async fn withdrawn(context: &Context, id: uuid::Uuid) {
    loop {
        tokio::time::sleep(STANDING).await;
        if let Ok(Some(now)) = evaluations::get(context.store.pool(), id).await
            && now.is_superseded()
        {
            return;
        }
    }
}

async fn settle(context: &Context, holding: &Holding, job: &Job, outcome: Result<Ended>) -> Result<()> {
    let pool = context.store.pool();
    let count = |ended: &'static str| {
        metrics::counter!("lockgate_jobs_total", "kind" => job.kind.clone(), "ended" => ended).increment(1);
    };
    let outcome = outcome.or_else(|error| later_if_passing(error, job.age));
    let (why, after) = match outcome {
        Ok(Ended::Committed) => {
            count("done");
            return Ok(());
        }
        Ok(Ended::Later { after, why }) => {
            count("later");
            tracing::info!(job = job.id, kind = job.kind, why, "the job waits {} s", after.as_secs());
            note(job, jobs::postpone(pool, job.id, &holding.worker, &why, after).await?);
            return Ok(());
        }
        Ok(Ended::Again { after, why }) => (why, after),
        Err(error) => {
            let why = format!("{error:#}");
            tracing::warn!(job = job.id, kind = job.kind, error = why, "the job failed");
            (why, backoff(job.attempt))
        }
    };
    if job.attempt < job.max_attempts {
        count("again");
        let failed = jobs::fail(pool, job.id, &holding.worker, &why, Some(after)).await?;
        note(job, if failed == Failed::Lost { Held::Lost } else { Held::Held });
        return Ok(());
    }
    count("given_up");
    give_up(context, holding, job, &why).await
}

/// The last attempt failed: an evaluation still ends in a decision, an incomplete one, and in a final check run.
async fn give_up(context: &Context, holding: &Holding, job: &Job, why: &str) -> Result<()> {
    tracing::error!(job = job.id, kind = job.kind, why, "given up after {} attempts", job.attempt);
    let mut transaction = context.store.begin().await?;
    match Task::read(&job.kind, &job.payload) {
        Ok(Task::Publish(Shown::CheckRun(id))) => check_runs::abandon(&mut *transaction, id).await?,
        Ok(task) => {
            if let Some(id) = task.evaluation() {
                let open = evaluations::lock(&mut *transaction, id).await?;
                if let Some(open) = open.filter(|e| !e.is_superseded() && !e.is_decided()) {
                    decide::append_failure(context, &mut transaction, &open, &job.kind, why).await?;
                    opening::show_evaluation(&mut transaction, &open).await?;
                }
            }
        }
        Err(error) => tracing::error!(job = job.id, error = format!("{error:#}"), "give a job up unread"),
    }
    // A lost lease means that another worker gives up instead: what stands in this transaction is undone.
    match jobs::fail(&mut *transaction, job.id, &holding.worker, why, None).await? {
        Failed::Lost => note(job, Held::Lost),
        Failed::Again | Failed::GivenUp => transaction.commit().await.context("give a job up")?,
    }
    Ok(())
}

fn note(job: &Job, held: Held) {
    if held == Held::Lost {
        tracing::warn!(job = job.id, "the lease ran out before the job ended; it is repeated, which is harmless");
    }
}
