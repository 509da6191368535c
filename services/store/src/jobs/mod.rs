//! The job queue: a table, leases, and a notification that wakes the workers.
//!
//! A worker holds a job by a lease that it keeps extending. `kill -9` ends the extending, the lease runs
//! out within seconds, and the next claim hands the job to another worker. A worker that was only slow
//! learns from [`Held::Lost`] that the job is no longer its own: completing is fenced by the holder's name.

mod listener;
mod settle;

pub use listener::{Listener, Wake};
pub use settle::{Failed, complete, extend, fail, postpone};

use crate::{Result, error::Doing, json};
use serde_json::Value;
use sqlx::PgExecutor;
use std::time::Duration;

/// Work to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    pub kind: String,
    /// At most one unfinished job of this kind has this key. Let it name the work and its input: work that
    /// arrives while a job of the same key runs is taken to be the same work.
    pub key: Option<String>,
    pub payload: Value,
    /// How long it waits before it is due, by the database's clock: those of the servers may disagree.
    pub delay: Duration,
    /// At least 1.
    pub max_attempts: i32,
}

/// A job that the caller now holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub id: i64,
    pub kind: String,
    pub payload: Value,
    /// 1 for the first attempt.
    pub attempt: i32,
    pub max_attempts: i32,
    /// Since it was enqueued, by the database's clock.
    pub age: Duration,
}

impl Job {
    /// Whether earlier holders died in every attempt allowed. Such a job is handed out so that its holder
    /// can give it up with a reason; the work itself may be what kills.
    pub fn is_spent(&self) -> bool {
        self.attempt > self.max_attempts
    }
}

/// Whether the caller still holds a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a job that is no longer held may be running elsewhere"]
pub enum Held {
    Held,
    /// The lease ran out; the job was, or will be, handed to another worker.
    Lost,
}

/// Adds a job and, at commit, wakes the workers. An unfinished job of this kind that has the key stands for it; if that one
/// was not tried yet and is due later, it is due with this one instead. `None` when nothing was changed.
///
/// # Errors
/// When the database fails.
pub async fn enqueue(executor: impl PgExecutor<'_>, job: &NewJob) -> Result<Option<i64>> {
    let subject = || format!("enqueue the job {} {}", job.kind, job.key.as_deref().unwrap_or("without key"));
    sqlx::query_scalar!(
        "insert into jobs (kind, key, payload, run_at, max_attempts)
         values ($1, $2, $3::text::json, now() + $4 * interval '1 ms', $5)
         on conflict (kind, key) where finished_at is null and key is not null
             do update set run_at = excluded.run_at
             where jobs.state = 'queued' and jobs.attempts = 0 and jobs.run_at > excluded.run_at
         returning id",
        job.kind,
        job.key,
        json::to_text(subject, &job.payload)?,
        milliseconds(job.delay),
        job.max_attempts,
    )
    .fetch_optional(executor)
    .await
    .doing(subject)
}

/// Takes the next job of `kinds` that is due, or whose holder's lease ran out, for `lease`. The first kind that has one
/// gives it, the longest due; jobs whose holder died come before all. Never hands a held job to two workers.
///
/// However long the queue is, this reads a few entries of an index: each kind is asked for its first alone.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    executor: impl PgExecutor<'_>,
    worker: &str,
    kinds: &[&str],
    lease: Duration,
) -> Result<Option<Job>> {
    let kinds: Vec<String> = kinds.iter().map(|&k| k.to_owned()).collect();
    let row = sqlx::query!(
        r#"update jobs set state = 'running', locked_by = $1, lease_until = clock_timestamp() + $3 * interval '1 ms',
                           attempts = attempts + 1
           where id = coalesce(
               (select id from jobs
                where state = 'running' and kind = any($2) and lease_until < now()
                order by lease_until for update skip locked limit 1),
               (select first.id
                from unnest($2) with ordinality as wanted (kind, place)
                cross join lateral (
                    select id from jobs
                    where state = 'queued' and kind = wanted.kind and run_at <= now()
                    order by run_at, id for update skip locked limit 1) as first
                limit 1))
           returning id, kind, payload::text as "payload!", attempts, max_attempts,
                     extract(epoch from clock_timestamp() - created_at)::float8 as "age!""#,
        worker,
        &kinds,
        milliseconds(lease),
    )
    .fetch_optional(executor)
    .await
    .doing(|| "claim a job".to_owned())?;
    row.map(|row| {
        Ok(Job {
            payload: json::from_text(|| format!("the payload of job {}", row.id), &row.payload)?,
            id: row.id,
            kind: row.kind,
            attempt: row.attempts,
            max_attempts: row.max_attempts,
            age: Duration::try_from_secs_f64(row.age.max(0.0)).unwrap_or_default(),
        })
    })
    .transpose()
}

/// How long until the next unfinished job of `kinds` can be claimed: it is due, or its lease runs out.
///
/// # Errors
/// When the database fails.
pub async fn next_due(executor: impl PgExecutor<'_>, kinds: &[&str]) -> Result<Option<Duration>> {
    let kinds: Vec<String> = kinds.iter().map(|&k| k.to_owned()).collect();
    let seconds = sqlx::query_scalar!(
        r#"select extract(epoch from min(due) - clock_timestamp())::float8 as "seconds?"
           from unnest($1::text[]) as wanted (kind)
           cross join lateral (
               (select run_at as due from jobs where state = 'queued' and kind = wanted.kind order by run_at, id limit 1)
               union all
               select min(lease_until) from jobs where state = 'running' and kind = wanted.kind) as first"#,
        &kinds
    )
    .fetch_one(executor)
    .await
    .doing(|| "ask when the next job is due".to_owned())?;
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()))
}

/// Unfinished jobs per kind; a kind without any is left out.
///
/// # Errors
/// When the database fails.
pub async fn counts(executor: impl PgExecutor<'_>) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select kind, count(*) as "count!" from jobs where finished_at is null group by kind order by kind"#
    )
    .fetch_all(executor)
    .await
    .doing(|| "count the jobs".to_owned())?;
    Ok(rows.into_iter().map(|row| (row.kind, row.count)).collect())
}

/// How many jobs are not finished.
///
/// # Errors
/// When the database fails.
pub async fn unfinished(executor: impl PgExecutor<'_>) -> Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from jobs where finished_at is null"#)
        .fetch_one(executor)
        .await
        .doing(|| "count the unfinished jobs".to_owned())
}

/// Milliseconds as the SQL multiplies them.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
