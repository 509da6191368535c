//! How a held job goes on: longer, done, again, or given up. Only its holder may say.

use super::{Held, milliseconds};
use crate::{Result, error::Doing};
use lockgate_model::redact::redact;
use sqlx::PgExecutor;
use std::time::Duration;

/// What became of a job whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a job that is given up has nobody left to end its evaluation"]
pub enum Failed {
    /// Queued again.
    Again,
    /// Finished as failed.
    GivenUp,
    /// The lease was lost before; nothing was changed.
    Lost,
}

/// Longest error text that is kept, in characters.
const ERROR_LENGTH: usize = 4000;

/// Holds a job for `lease` from now on.
///
/// # Errors
/// When the database fails.
pub async fn extend(executor: impl PgExecutor<'_>, id: i64, worker: &str, lease: Duration) -> Result<Held> {
    let done = sqlx::query!(
        "update jobs set lease_until = clock_timestamp() + $3 * interval '1 ms'
         where id = $1 and locked_by = $2 and state = 'running'",
        id,
        worker,
        milliseconds(lease),
    )
    .execute(executor)
    .await
    .doing(|| format!("extend the lease of job {id}"))?;
    Ok(held(done.rows_affected()))
}

/// Ends a job that did its work. Within the transaction of that work, [`Held::Lost`] is the reason to undo it.
///
/// # Errors
/// When the database fails.
pub async fn complete(executor: impl PgExecutor<'_>, id: i64, worker: &str) -> Result<Held> {
    let done = sqlx::query!(
        "update jobs set state = 'done', finished_at = now(), locked_by = null, lease_until = null
         where id = $1 and locked_by = $2 and state = 'running'",
        id,
        worker,
    )
    .execute(executor)
    .await
    .doing(|| format!("complete job {id}"))?;
    Ok(held(done.rows_affected()))
}

/// Ends an attempt that failed. With `retry_after` the job is queued again, even beyond its attempts: the
/// caller decides. Without, it is given up. Times are the database's.
///
/// # Errors
/// When the database fails.
pub async fn fail(
    executor: impl PgExecutor<'_>,
    id: i64,
    worker: &str,
    error: &str,
    retry_after: Option<Duration>,
) -> Result<Failed> {
    let done = sqlx::query!(
        "update jobs set last_error = $3, locked_by = null, lease_until = null, run_at = coalesce(now() + $4 * interval '1 ms', run_at),
             state = case when $4::float8 is null then 'failed' else 'queued' end,
             finished_at = case when $4::float8 is null then now() end
         where id = $1 and locked_by = $2 and state = 'running'",
        id,
        worker,
        kept(error),
        retry_after.map(milliseconds),
    )
    .execute(executor)
    .await
    .doing(|| format!("record the failure of job {id}"))?;
    Ok(match (held(done.rows_affected()), retry_after) {
        (Held::Lost, _) => Failed::Lost,
        (Held::Held, Some(_)) => Failed::Again,
        (Held::Held, None) => Failed::GivenUp,
    })
}

/// Puts a job off by `delay`: the world was not ready. The attempt does not count.
///
/// # Errors
/// When the database fails.
pub async fn postpone(
    executor: impl PgExecutor<'_>,
    id: i64,
    worker: &str,
    why: &str,
    delay: Duration,
) -> Result<Held> {
    let done = sqlx::query!(
        "update jobs set state = 'queued', last_error = $3, locked_by = null, lease_until = null, run_at = now() + $4 * interval '1 ms',
             attempts = greatest(attempts - 1, 0)
         where id = $1 and locked_by = $2 and state = 'running'",
        id,
        worker,
        kept(why),
        milliseconds(delay),
    )
    .execute(executor)
    .await
    .doing(|| format!("postpone job {id}"))?;
    Ok(held(done.rows_affected()))
}

/// Text of a foreign server may hold NUL, which PostgreSQL's text cannot.
fn kept(error: &str) -> String {
    redact(error).chars().filter(|&c| c != '\0').take(ERROR_LENGTH).collect()
}

fn held(rows: u64) -> Held {
    if rows == 1 { Held::Held } else { Held::Lost }
}
