//! Evaluations: one per question "may this head come in on this base?", and where its work stands.

use crate::{Result, StoreError, error::Doing, json};
use chrono::{DateTime, Utc};
use lockgate_model::{Change, CommitSha, RepoId};
use sqlx::PgExecutor;
use uuid::Uuid;

/// How far the work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Queued,
    /// The change is known, evidence is gathered.
    Collecting,
    /// Evidence is linked, policy is to judge.
    Deciding,
    /// The decision stands, the check run is to follow.
    Publishing,
    Done,
}

impl State {
    const ALL: [Self; 5] = [Self::Queued, Self::Collecting, Self::Deciding, Self::Publishing, Self::Done];

    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Collecting => "collecting",
            Self::Deciding => "deciding",
            Self::Publishing => "publishing",
            Self::Done => "done",
        }
    }
}

/// Whether a later question about the same pull request has come. For display: deliveries may arrive out of
/// order, and every head gets its final check run all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Current,
    Superseded,
}

#[derive(Debug, Clone)]
pub struct Evaluation {
    pub id: Uuid,
    pub repository: RepoId,
    pub installation_id: Option<i64>,
    pub base_sha: CommitSha,
    pub head_sha: CommitSha,
    pub base_ref: Option<String>,
    pub pull_request: Option<i64>,
    pub source_url: String,
    pub actor: String,
    /// 1 for the first, one more for each re-run.
    pub generation: i32,
    pub state: State,
    pub standing: Standing,
    pub change: Option<Change>,
    pub asked_at: Option<DateTime<Utc>>,
    pub check_run_id: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

struct Row {
    id: Uuid,
    repository: String,
    installation_id: Option<i64>,
    base_sha: String,
    head_sha: String,
    base_ref: Option<String>,
    pull_request: Option<i64>,
    source_url: String,
    actor: String,
    generation: i32,
    state: String,
    superseded: bool,
    change: Option<String>,
    asked_at: Option<DateTime<Utc>>,
    check_run_id: Option<i64>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    fn read(self) -> Result<Evaluation> {
        let id = self.id;
        let subject = || format!("the evaluation {id}");
        Ok(Evaluation {
            id,
            repository: self.repository.parse().map_err(|e| StoreError::unreadable(subject(), e))?,
            installation_id: self.installation_id,
            base_sha: self.base_sha.parse().map_err(|e| StoreError::unreadable(subject(), e))?,
            head_sha: self.head_sha.parse().map_err(|e| StoreError::unreadable(subject(), e))?,
            base_ref: self.base_ref,
            pull_request: self.pull_request,
            source_url: self.source_url,
            actor: self.actor,
            generation: self.generation,
            state: State::ALL
                .into_iter()
                .find(|s| s.name() == self.state)
                .ok_or_else(|| StoreError::unreadable(subject(), format!("the state {:?} is unknown", self.state)))?,
            standing: if self.superseded { Standing::Superseded } else { Standing::Current },
            change: self.change.map(|text| json::from_text(subject, &text)).transpose()?,
            asked_at: self.asked_at,
            check_run_id: self.check_run_id,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// The columns of [`Row`] from `evaluations`, with what follows `from evaluations`.
macro_rules! select {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            "select id, repository, installation_id, base_sha, head_sha, base_ref, pull_request, source_url, actor, "
                + "generation, state, superseded, change::text, asked_at, check_run_id, created_at, updated_at "
                + "from evaluations "
                + $rest
            $(, $argument)*
        )
    };
}

mod open;
mod progress;

pub use open::{NewEvaluation, Opened, open};
pub use progress::{CheckRun, set_asked_at, set_change, set_check_run, set_state};

/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<Evaluation>> {
    let row = select!("where id = $1", id).fetch_optional(executor).await;
    row.doing(|| format!("load the evaluation {id}"))?.map(Row::read).transpose()
}

/// Every evaluation of a commit, the newest first.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn by_head(executor: impl PgExecutor<'_>, repository: &RepoId, head: &CommitSha) -> Result<Vec<Evaluation>> {
    let rows = select!(
        "where repository = $1 and head_sha = $2 order by created_at desc, generation desc",
        repository.as_str(),
        head.as_str()
    );
    let rows = rows.fetch_all(executor).await;
    rows.doing(|| format!("load the evaluations of {repository} {}", head.short()))?
        .into_iter()
        .map(Row::read)
        .collect()
}

/// The newest evaluation of a commit.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn latest_for_head(
    executor: impl PgExecutor<'_>,
    repository: &RepoId,
    head: &CommitSha,
) -> Result<Option<Evaluation>> {
    Ok(by_head(executor, repository, head).await?.into_iter().next())
}

/// The newest evaluations first; `before` pages on (the `created_at` of the last one seen).
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn list(
    executor: impl PgExecutor<'_>,
    repository: Option<&RepoId>,
    before: Option<DateTime<Utc>>,
    limit: u16,
) -> Result<Vec<Evaluation>> {
    let rows = select!(
        "where ($1::text is null or repository = $1) and ($2::timestamptz is null or created_at < $2)
         order by created_at desc, id limit $3",
        repository.map(RepoId::as_str),
        before,
        i64::from(limit),
    );
    rows.fetch_all(executor).await.doing(|| "list evaluations".to_owned())?.into_iter().map(Row::read).collect()
}
