//! How far an evaluation has come, recorded by the jobs as they commit.

use super::State;
use crate::{Result, error::Doing, json};
use chrono::{DateTime, Utc};
use lockgate_model::Change;
use sqlx::PgExecutor;
use uuid::Uuid;

/// Records what moved; the evaluation is then collecting.
///
/// # Errors
/// When the database fails.
pub async fn set_change(executor: impl PgExecutor<'_>, id: Uuid, change: &Change) -> Result<()> {
    let doing = || format!("record the change of evaluation {id}");
    sqlx::query!(
        "update evaluations set change = $2::text::json, state = 'collecting', updated_at = now()
         where id = $1 and state = 'queued'",
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
        "update evaluations set asked_at = $2, state = 'deciding', updated_at = now()
         where id = $1 and state in ('queued', 'collecting', 'deciding')",
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

/// Keeps what is to be shown until the decision stands.
///
/// # Errors
/// When the database fails.
pub async fn set_provisional(executor: impl PgExecutor<'_>, id: Uuid, provisional: &serde_json::Value) -> Result<()> {
    let doing = || format!("keep the provisional result of evaluation {id}");
    sqlx::query!(
        "update evaluations set provisional = $2::text::json, updated_at = now() where id = $1",
        id,
        json::to_text(doing, provisional)?,
    )
    .execute(executor)
    .await
    .doing(doing)?;
    Ok(())
}

/// The decisions of these evaluations have been shown.
///
/// # Errors
/// When the database fails.
pub async fn mark_shown(executor: impl PgExecutor<'_>, ids: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "update evaluations set state = 'done', updated_at = now() where id = any($1) and state = 'publishing'",
        ids
    )
    .execute(executor)
    .await
    .doing(|| format!("note that {} decisions are shown", ids.len()))?;
    Ok(())
}
