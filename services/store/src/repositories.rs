//! Where a repository lives by now. GitHub's id is the identity: names change hands.

use crate::{Result, StoreError, error::Doing};
use lockgate_model::RepoId;
use sqlx::PgExecutor;

/// A repository as the latest event named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// GitHub's; negative where only the name is known.
    pub id: i64,
    pub full_name: RepoId,
    pub clone_url: String,
    pub installation_id: Option<i64>,
}

/// Notes where a repository is; one that was removed is back.
///
/// # Errors
/// When the database fails.
pub async fn record(executor: impl PgExecutor<'_>, repository: &Repository) -> Result<()> {
    // An update that changes nothing would still lock the row against every other delivery of the repository.
    sqlx::query!(
        "insert into repositories (id, full_name, clone_url, installation_id) values ($1, $2, $3, $4)
         on conflict (id) do update
             set full_name = excluded.full_name, clone_url = excluded.clone_url, state = 'active', updated_at = now(),
                 installation_id = coalesce(excluded.installation_id, repositories.installation_id)
         where (repositories.full_name, repositories.clone_url, repositories.state)
                   is distinct from (excluded.full_name, excluded.clone_url, 'active')
            or coalesce(excluded.installation_id, repositories.installation_id)
                   is distinct from repositories.installation_id",
        repository.id,
        repository.full_name.as_str(),
        repository.clone_url,
        repository.installation_id,
    )
    .execute(executor)
    .await
    .doing(|| format!("note the repository {}", repository.full_name))?;
    Ok(())
}

/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<Repository>> {
    let row = sqlx::query!("select full_name, clone_url, installation_id from repositories where id = $1", id)
        .fetch_optional(executor)
        .await
        .doing(|| format!("load the repository {id}"))?;
    row.map(|row| {
        Ok(Repository {
            id,
            full_name: row.full_name.parse().map_err(|e| StoreError::unreadable(format!("the repository {id}"), e))?,
            clone_url: row.clone_url,
            installation_id: row.installation_id,
        })
    })
    .transpose()
}

/// Notes that the App no longer reaches repositories: they left the selection, or were deleted.
///
/// # Errors
/// When the database fails.
pub async fn remove(executor: impl PgExecutor<'_>, ids: &[i64]) -> Result<()> {
    sqlx::query!("update repositories set state = 'removed', updated_at = now() where id = any($1)", ids)
        .execute(executor)
        .await
        .doing(|| format!("note that {} repositories are out of reach", ids.len()))?;
    Ok(())
}

/// Ids of the repositories that an installation reaches, as far as events have told.
///
/// # Errors
/// When the database fails.
pub async fn of_installation(executor: impl PgExecutor<'_>, installation: i64) -> Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select id from repositories where installation_id = $1 and state = 'active' order by id",
        installation
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("list the repositories of installation {installation}"))
}
