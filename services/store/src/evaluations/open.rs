//! Opening a question: once, however many deliveries ask it; again, when somebody wants it asked anew.

use super::{Evaluation, Row, State, get};
use crate::{Result, StoreError, error::Doing};
use chrono::{DateTime, Utc};
use lockgate_model::{CommitSha, RepoId};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// A question to be opened.
#[derive(Debug, Clone)]
pub struct NewEvaluation {
    /// GitHub's id of the repository, which must be on record.
    pub repository_id: i64,
    /// The name that it had when it was asked.
    pub repository: RepoId,
    pub installation_id: Option<i64>,
    /// All zero when there is no commit to compare with.
    pub base_sha: CommitSha,
    pub head_sha: CommitSha,
    pub base_ref: Option<String>,
    pub pull_request: Option<i64>,
    /// Where to fetch from.
    pub source_url: String,
    /// Who caused it: `github:<event>`, `cli`, `api:<token name>`.
    pub actor: String,
    /// When the pull request was in this state, by GitHub's clock: deliveries arrive out of order.
    pub event_at: DateTime<Utc>,
    /// Ask again although the same question was answered: opens its next generation.
    pub again: bool,
}

/// What became of a question.
#[derive(Debug, Clone)]
pub struct Opened {
    pub evaluation: Evaluation,
    pub novelty: Novelty,
    /// Heads that this question has superseded before they were decided.
    pub superseded: Vec<CommitSha>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    New,
    /// It was asked before; its work runs or is done.
    Existing,
    /// A later state of the same pull request is known: recorded, and stopped at once.
    Stale,
}

/// Opens a question, or finds it. A new question about a pull request supersedes the older ones about it, which then
/// stop unless they are decided.
///
/// # Errors
/// When the database fails.
pub async fn open(connection: &mut PgConnection, new: &NewEvaluation) -> Result<Opened> {
    // 1. Two deliveries about the same repository: the second waits here for the first, and then sees its row.
    lock(&mut *connection, new).await?;
    adopt_earlier(&mut *connection, new).await?;
    // 2. The same question?
    let latest = latest(&mut *connection, new).await?;
    let stale = is_stale(&mut *connection, new).await?;
    let generation = match latest {
        Some(found) if stale || (!new.again && !found.is_superseded()) => {
            return Ok(Opened { evaluation: found, novelty: Novelty::Existing, superseded: Vec::new() });
        }
        // Superseded, and now the head again: a branch that was pushed forth and back.
        Some(found) => found.generation + 1,
        None => 1,
    };
    // 3. A new one.
    let id = insert(&mut *connection, new, generation, stale).await?;
    let superseded = if stale { Vec::new() } else { supersede(&mut *connection, new, id).await? };
    let evaluation = get(&mut *connection, id)
        .await?
        .ok_or_else(|| StoreError::unreadable(format!("the evaluation {id}"), "it vanished"))?;
    Ok(Opened { evaluation, novelty: if stale { Novelty::Stale } else { Novelty::New }, superseded })
}

fn doing(new: &NewEvaluation) -> impl Fn() -> String {
    move || format!("open the evaluation of {} {}", new.repository, new.head_sha.short())
}

async fn lock(executor: impl PgExecutor<'_>, new: &NewEvaluation) -> Result<()> {
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended($1, 0))::text as "locked""#,
        format!("evaluations of {}", new.repository_id)
    )
    .fetch_one(executor)
    .await
    .doing(doing(new))?;
    Ok(())
}

/// Rows that a server of an earlier version wrote know the repository by its name alone.
async fn adopt_earlier(executor: impl PgExecutor<'_>, new: &NewEvaluation) -> Result<()> {
    sqlx::query!(
        "update evaluations set repository_id = $2 where repository = $1 and repository_id is null and head_sha = $3",
        new.repository.as_str(),
        new.repository_id,
        new.head_sha.as_str(),
    )
    .execute(executor)
    .await
    .doing(doing(new))?;
    Ok(())
}

async fn latest(executor: impl PgExecutor<'_>, new: &NewEvaluation) -> Result<Option<Evaluation>> {
    let row = select!(
        "where repository_id = $1 and head_sha = $2 and base_sha = $3 and coalesce(pull_request, 0) = $4
         order by generation desc limit 1",
        new.repository_id,
        new.head_sha.as_str(),
        new.base_sha.as_str(),
        new.pull_request.unwrap_or_default(),
    );
    row.fetch_optional(executor).await.doing(doing(new))?.map(Row::read).transpose()
}

/// Whether a later state of the pull request has another head or base.
async fn is_stale(executor: impl PgExecutor<'_>, new: &NewEvaluation) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from evaluations
               where repository_id = $1 and pull_request = $2 and event_at > $3 and not superseded
                 and (head_sha <> $4 or base_sha <> $5)
           ) as "stale!""#,
        new.repository_id,
        new.pull_request,
        new.event_at,
        new.head_sha.as_str(),
        new.base_sha.as_str(),
    )
    .fetch_one(executor)
    .await
    .doing(doing(new))
}

async fn insert(executor: impl PgExecutor<'_>, new: &NewEvaluation, generation: i32, stale: bool) -> Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into evaluations (id, repository_id, repository, installation_id, base_sha, head_sha, base_ref,
                                  pull_request, source_url, actor, generation, event_at, superseded, state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        id,
        new.repository_id,
        new.repository.as_str(),
        new.installation_id,
        new.base_sha.as_str(),
        new.head_sha.as_str(),
        new.base_ref,
        new.pull_request,
        new.source_url,
        new.actor,
        generation,
        new.event_at,
        stale,
        if stale { State::Stopped } else { State::Queued }.name(),
    )
    .execute(executor)
    .await
    .doing(doing(new))?;
    Ok(id)
}

async fn supersede(executor: impl PgExecutor<'_>, new: &NewEvaluation, id: Uuid) -> Result<Vec<CommitSha>> {
    let heads = sqlx::query_scalar!(
        "update evaluations
         set superseded = true, updated_at = now(),
             state = case when state in ('queued', 'collecting', 'deciding') then 'stopped' else state end
         where repository_id = $1 and pull_request = $2 and id <> $3 and not superseded
         returning head_sha",
        new.repository_id,
        new.pull_request,
        id,
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("supersede older evaluations of {} #{}", new.repository, new.pull_request.unwrap_or_default()))?;
    super::distinct_heads(heads)
}
