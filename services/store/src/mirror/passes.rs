//! Passes over all that is kept: how far one has come, so that it goes on after an interruption.

use crate::{Result, error::Doing};
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// Who goes over the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassKind {
    /// The server itself, spread over its period.
    Standing,
    /// A person at the command line.
    Command,
}

impl PassKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Command => "command",
        }
    }
}

/// A pass that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    pub id: i64,
    pub started_at: DateTime<Utc>,
    /// Names up to this one are done.
    pub reached: String,
    pub objects: i64,
    pub bytes: i64,
    pub findings: i64,
}

/// The open pass of a kind; a new one where there is none.
///
/// # Errors
/// When the database fails.
pub async fn open(executor: impl PgExecutor<'_>, kind: PassKind) -> Result<Pass> {
    sqlx::query_as!(
        Pass,
        r#"with begun as (
               insert into mirror_passes (kind) values ($1) on conflict (kind) where finished_at is null do nothing
               returning id, started_at, reached, objects, bytes, findings
           )
           select id as "id!", started_at as "started_at!", reached as "reached!", objects as "objects!",
                  bytes as "bytes!", findings as "findings!" from begun
           union all
           select id, started_at, reached, objects, bytes, findings from mirror_passes
           where kind = $1 and finished_at is null"#,
        kind.name()
    )
    .fetch_one(executor)
    .await
    .doing(|| format!("begin a {} pass over the mirror", kind.name()))
}

/// Notes how far the pass has come.
///
/// # Errors
/// When the database fails.
pub async fn progress(executor: impl PgExecutor<'_>, pass: &Pass) -> Result<()> {
    sqlx::query!(
        "update mirror_passes set reached = $2, objects = $3, bytes = $4, findings = $5 where id = $1",
        pass.id,
        pass.reached,
        pass.objects,
        pass.bytes,
        pass.findings,
    )
    .execute(executor)
    .await
    .doing(|| "note how far the mirror was looked at".to_owned())?;
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn finish(executor: impl PgExecutor<'_>, pass: &Pass) -> Result<()> {
    sqlx::query!(
        "update mirror_passes set finished_at = now(), objects = $2, bytes = $3, findings = $4 where id = $1",
        pass.id,
        pass.objects,
        pass.bytes,
        pass.findings,
    )
    .execute(executor)
    .await
    .doing(|| "end a pass over the mirror".to_owned())?;
    Ok(())
}

/// When the last finished pass of a kind was begun.
///
/// # Errors
/// When the database fails.
pub async fn last_finished(executor: impl PgExecutor<'_>, kind: PassKind) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select started_at from mirror_passes where kind = $1 and finished_at is not null order by id desc limit 1",
        kind.name()
    )
    .fetch_optional(executor)
    .await
    .doing(|| "find the last pass over the mirror".to_owned())
}
