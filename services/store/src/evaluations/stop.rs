//! Ending work that nobody waits for any more: the question was withdrawn, or nobody may be told.

use crate::{Result, error::Doing};
use lockgate_model::CommitSha;
use sqlx::PgExecutor;

/// Withdraws the questions about `head` that belong to no pull request: its merge group was taken apart. Answers
/// whether any had not been decided.
///
/// # Errors
/// When the database fails.
pub async fn stop_merge_group(executor: impl PgExecutor<'_>, repository: i64, head: &CommitSha) -> Result<bool> {
    let stopped = sqlx::query!(
        "update evaluations set superseded = true, state = 'stopped', updated_at = now()
         where repository_id = $1 and head_sha = $2 and pull_request is null
           and state in ('queued', 'collecting', 'deciding')",
        repository,
        head.as_str(),
    )
    .execute(executor)
    .await
    .doing(|| format!("stop the evaluation of the merge group {}", head.short()))?;
    Ok(stopped.rows_affected() > 0)
}

/// Stops everything that is unfinished in repositories that can no longer be reached, and abandons their check runs.
///
/// # Errors
/// When the database fails.
pub async fn stop_repositories(executor: impl PgExecutor<'_>, repositories: &[i64]) -> Result<()> {
    sqlx::query!(
        "with stopped as (
             update evaluations set superseded = true, state = 'stopped', updated_at = now()
             where repository_id = any($1) and state in ('queued', 'collecting', 'deciding')
         )
         update check_runs set conclusion = 'abandoned', concluded_at = now(), shown = wanted, updated_at = now()
         where repository_id = any($1) and concluded_at is null",
        repositories,
    )
    .execute(executor)
    .await
    .doing(|| format!("stop the evaluations of {} repositories", repositories.len()))?;
    Ok(())
}
