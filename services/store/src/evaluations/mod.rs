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
    /// Superseded before it was decided.
    Stopped,
}

impl State {
    const ALL: [Self; 6] =
        [Self::Queued, Self::Collecting, Self::Deciding, Self::Publishing, Self::Done, Self::Stopped];

    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Collecting => "collecting",
            Self::Deciding => "deciding",
            Self::Publishing => "publishing",
            Self::Done => "done",
            Self::Stopped => "stopped",
        }
    }
}

/// Whether a later question about the same pull request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Current,
    Superseded,
}

#[derive(Debug, Clone)]
pub struct Evaluation {
    pub id: Uuid,
    /// GitHub's id; `None` in a row that a server of an earlier version wrote.
    pub repository_id: Option<i64>,
    /// The name that the repository had when the question was asked.
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
    pub event_at: Option<DateTime<Utc>>,
    /// What is shown before the decision, as the job that found it wrote it.
    pub provisional: Option<serde_json::Value>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Evaluation {
    pub fn is_superseded(&self) -> bool {
        self.standing == Standing::Superseded
    }

    /// Whether its decision stands.
    pub fn is_decided(&self) -> bool {
        matches!(self.state, State::Publishing | State::Done)
    }
}

struct Row {
    id: Uuid,
    repository_id: Option<i64>,
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
    event_at: Option<DateTime<Utc>>,
    provisional: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    fn read(self) -> Result<Evaluation> {
        let id = self.id;
        let subject = || format!("the evaluation {id}");
        Ok(Evaluation {
            id,
            repository_id: self.repository_id,
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
            event_at: self.event_at,
            provisional: self.provisional.map(|text| json::from_text(subject, &text)).transpose()?,
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
            "select id, repository_id, repository, installation_id, base_sha, head_sha, base_ref, pull_request, "
                + "source_url, actor, generation, state, superseded, change::text, asked_at, event_at, "
                + "provisional::text, created_at, updated_at "
                + "from evaluations "
                + $rest
            $(, $argument)*
        )
    };
}

mod adopt;
mod open;
mod progress;
mod stop;

pub use adopt::adopt;
pub use open::{NewEvaluation, Novelty, Opened, open};
pub use progress::{mark_shown, set_asked_at, set_change, set_provisional, set_state};
pub use stop::{stop_merge_group, stop_repositories};

/// Each head once.
fn distinct_heads(mut heads: Vec<String>) -> Result<Vec<CommitSha>> {
    heads.sort();
    heads.dedup();
    heads.iter().map(|sha| sha.parse().map_err(|e| StoreError::unreadable("an evaluation", e))).collect()
}

/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<Evaluation>> {
    let row = select!("where id = $1", id).fetch_optional(executor).await;
    row.doing(|| format!("load the evaluation {id}"))?.map(Row::read).transpose()
}

/// The evaluation, locked until the transaction ends: nobody supersedes it meanwhile.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn lock(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<Evaluation>> {
    let row = select!("where id = $1 for update", id).fetch_optional(executor).await;
    row.doing(|| format!("lock the evaluation {id}"))?.map(Row::read).transpose()
}

/// The newest generation of each question about a head: what its check run must answer.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn questions(executor: impl PgExecutor<'_>, repository: i64, head: &CommitSha) -> Result<Vec<Evaluation>> {
    let rows = select!(
        "e where repository_id = $1 and head_sha = $2 and not exists (
             select from evaluations later
             where later.repository_id = e.repository_id and later.head_sha = e.head_sha
               and later.base_sha = e.base_sha and later.generation > e.generation
               and coalesce(later.pull_request, 0) = coalesce(e.pull_request, 0))
         order by created_at, id",
        repository,
        head.as_str(),
    );
    let rows = rows.fetch_all(executor).await;
    rows.doing(|| format!("load the questions about {}", head.short()))?.into_iter().map(Row::read).collect()
}

/// Unfinished evaluations that nobody is at work on: their job was lost or given up.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn without_job(executor: impl PgExecutor<'_>) -> Result<Vec<Evaluation>> {
    let rows = select!(
        "e where state in ('queued', 'collecting', 'deciding') and updated_at < now() - interval '10 s'
           and not exists (
             select from jobs j
             where j.finished_at is null
               and j.key in ('detect_changes:' || e.id, 'collect_evidence:' || e.id, 'decide:' || e.id))
         order by updated_at limit 200"
    );
    let rows = rows.fetch_all(executor).await;
    rows.doing(|| "list the evaluations without a job".to_owned())?.into_iter().map(Row::read).collect()
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
