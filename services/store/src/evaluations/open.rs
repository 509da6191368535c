//! Opening a question: once, however many deliveries ask it; again, when somebody wants it asked anew.

use super::{Evaluation, Row, get};
use crate::{Result, StoreError, error::Doing};
use lockgate_model::{CommitSha, RepoId};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// A question to be opened.
#[derive(Debug, Clone)]
pub struct NewEvaluation {
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
    /// Ask again although the same question was answered: opens its next generation.
    pub again: bool,
}

/// What became of a question.
#[derive(Debug, Clone)]
pub enum Opened {
    New(Evaluation),
    /// It was asked before; its work runs or is done.
    Existing(Evaluation),
}

/// Opens a question, or finds it. A new question about a pull request supersedes the older heads of it.
///
/// # Errors
/// When the database fails.
pub async fn open(connection: &mut PgConnection, new: &NewEvaluation) -> Result<Opened> {
    let doing = || format!("open the evaluation of {} {}", new.repository, new.head_sha.short());
    // Two deliveries about the same repository: the second waits here for the first, and then sees its row.
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended($1, 0))::text as "locked""#,
        format!("evaluations of {}", new.repository)
    )
    .fetch_one(&mut *connection)
    .await
    .doing(doing)?;
    let latest = select!(
        "where repository = $1 and head_sha = $2 and base_sha = $3 order by generation desc limit 1",
        new.repository.as_str(),
        new.head_sha.as_str(),
        new.base_sha.as_str(),
    )
    .fetch_optional(&mut *connection)
    .await
    .doing(doing)?;
    let generation = match latest {
        Some(latest) if !new.again => return Ok(Opened::Existing(latest.read()?)),
        Some(latest) => latest.generation + 1,
        None => 1,
    };
    let id = insert(&mut *connection, new, generation).await?;
    supersede(&mut *connection, new, id).await?;
    let opened = get(&mut *connection, id).await?;
    opened.map(Opened::New).ok_or_else(|| StoreError::unreadable(format!("the evaluation {id}"), "it vanished"))
}

async fn insert(executor: impl PgExecutor<'_>, new: &NewEvaluation, generation: i32) -> Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into evaluations (id, repository, installation_id, base_sha, head_sha, base_ref, pull_request,
                                  source_url, actor, generation)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id,
        new.repository.as_str(),
        new.installation_id,
        new.base_sha.as_str(),
        new.head_sha.as_str(),
        new.base_ref,
        new.pull_request,
        new.source_url,
        new.actor,
        generation,
    )
    .execute(executor)
    .await
    .doing(|| format!("open the evaluation of {} {}", new.repository, new.head_sha.short()))?;
    Ok(id)
}

async fn supersede(executor: impl PgExecutor<'_>, new: &NewEvaluation, id: Uuid) -> Result<()> {
    sqlx::query!(
        "update evaluations set superseded = true, updated_at = now()
         where repository = $1 and pull_request = $2 and id <> $3 and not superseded",
        new.repository.as_str(),
        new.pull_request,
        id,
    )
    .execute(executor)
    .await
    .doing(|| format!("supersede older evaluations of {} #{}", new.repository, new.pull_request.unwrap_or_default()))?;
    Ok(())
}
