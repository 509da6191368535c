//! How far an evaluation has come, recorded by the jobs as they commit.

use super::State;
use crate::{Result, error::Doing, json};
use chrono::{DateTime, Utc};
use lockgate_model::Change;
use sqlx::PgExecutor;
use uuid::Uuid;

/// Which check run stands for an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckRun {
    /// The one just given.
    Set,
    /// Another, given before; the caller's is one too many.
    Stands(i64),
}

/// Records what moved; the evaluation is then collecting.
///
/// # Errors
/// When the database fails.
pub async fn set_change(executor: impl PgExecutor<'_>, id: Uuid, change: &Change) -> Result<()> {
    let doing = || format!("record the change of evaluation {id}");
    sqlx::query!(
        "update evaluations set change = $2::text::json, state = 'collecting', updated_at = now() where id = $1",
        id,
        json::to_text(doing, change)?,
    )
    .execute(executor)
    .await
    .doing(doing)?;
    Ok(())
}

/// Records when the question was put; the evaluation is then deciding. Microseconds, as PostgreSQL keeps them.
///
/// # Errors
/// When the database fails.
pub async fn set_asked_at(executor: impl PgExecutor<'_>, id: Uuid, asked_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update evaluations set asked_at = $2, state = 'deciding', updated_at = now() where id = $1",
        id,
        asked_at
    )
    .execute(executor)
    .await
    .doing(|| format!("record the time of evaluation {id}"))?;
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn set_state(executor: impl PgExecutor<'_>, id: Uuid, state: State) -> Result<()> {
    sqlx::query!("update evaluations set state = $2, updated_at = now() where id = $1", id, state.name())
        .execute(executor)
        .await
        .doing(|| format!("set the evaluation {id} to {}", state.name()))?;
    Ok(())
}

/// Remembers the check run that stands for the evaluation; the first one given stands.
///
/// # Errors
/// When the database fails or the evaluation does not exist.
pub async fn set_check_run(executor: impl PgExecutor<'_>, id: Uuid, check_run: i64) -> Result<CheckRun> {
    let stands = sqlx::query_scalar!(
        r#"update evaluations set check_run_id = coalesce(check_run_id, $2), updated_at = now() where id = $1
           returning check_run_id as "check_run_id!""#,
        id,
        check_run,
    )
    .fetch_one(executor)
    .await
    .doing(|| format!("remember the check run of evaluation {id}"))?;
    Ok(if stands == check_run { CheckRun::Set } else { CheckRun::Stands(stands) })
}
