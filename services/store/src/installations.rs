//! Who installed the App, and whether it may act there.

use crate::{Result, StoreError, error::Doing, jobs::milliseconds};
use sqlx::PgExecutor;
use std::time::Duration;

/// Whether the App may act for an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Active,
    /// GitHub refuses every request until the owner lifts it.
    Suspended,
    /// Uninstalled; a new installation of the same account has another id.
    Removed,
}

impl State {
    const ALL: [Self; 3] = [Self::Active, Self::Suspended, Self::Removed];

    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Removed => "removed",
        }
    }
}

/// Notes what an event said about an installation.
///
/// # Errors
/// When the database fails.
pub async fn record(executor: impl PgExecutor<'_>, id: i64, account: &str, state: State) -> Result<()> {
    sqlx::query!(
        "insert into installations (id, account, state) values ($1, $2, $3)
         on conflict (id) do update set account = excluded.account, state = excluded.state, updated_at = now()",
        id,
        account,
        state.name(),
    )
    .execute(executor)
    .await
    .doing(|| format!("note that installation {id} is {}", state.name()))?;
    Ok(())
}

/// The state of an installation; one that was never heard of is taken to be active, since its own deliveries
/// are the proof that it is.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn state(executor: impl PgExecutor<'_>, id: i64) -> Result<State> {
    let doing = || format!("look up installation {id}");
    let name = sqlx::query_scalar!("select state from installations where id = $1", id)
        .fetch_optional(executor)
        .await
        .doing(doing)?;
    let Some(name) = name else { return Ok(State::Active) };
    let found = State::ALL.into_iter().find(|s| s.name() == name);
    found.ok_or_else(|| StoreError::unreadable(format!("installation {id}"), format!("the state {name:?} is unknown")))
}

/// Installations that were not compared with GitHub for `period`: those on record as active, and those that only
/// deliveries have named.
///
/// # Errors
/// When the database fails.
pub async fn due(executor: impl PgExecutor<'_>, period: Duration) -> Result<Vec<i64>> {
    sqlx::query_scalar!(
        r#"select id as "id!" from installations
           where state = 'active' and (reconciled_at is null or reconciled_at < now() - $1 * interval '1 ms')
           union
           select distinct installation_id from repositories r
           where installation_id is not null and state = 'active'
             and not exists (select from installations i where i.id = r.installation_id)
           order by 1"#,
        milliseconds(period)
    )
    .fetch_all(executor)
    .await
    .doing(|| "list the installations to reconcile".to_owned())
}

/// Notes that an installation was compared with GitHub just now.
///
/// # Errors
/// When the database fails.
pub async fn mark_reconciled(executor: impl PgExecutor<'_>, id: i64) -> Result<()> {
    sqlx::query!(
        "insert into installations (id, account, reconciled_at) values ($1, '', now())
         on conflict (id) do update set reconciled_at = now()",
        id
    )
    .execute(executor)
    .await
    .doing(|| format!("note that installation {id} was reconciled"))?;
    Ok(())
}
