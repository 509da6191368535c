//! The one check run of each head commit: what there is to show, and what GitHub was told.
//!
//! Level-triggered: whoever changes what should be seen raises `wanted` in the transaction of that change; the job
//! `publish` shows the newest state and sets `shown` to the revision that it read. What happens meanwhile raises
//! `wanted` again, and nothing is ever told twice or left untold.

use crate::{Result, StoreError, error::Doing, jobs::milliseconds};
use chrono::{DateTime, Utc};
use lockgate_model::CommitSha;
use sqlx::PgExecutor;
use std::time::Duration;
use uuid::Uuid;

/// The conclusion of a run about which nobody can be told.
pub const ABANDONED: &str = "abandoned";

/// Longest list that one look returns; the next look finds the rest.
const AT_ONCE: i64 = 200;

#[derive(Debug, Clone)]
pub struct CheckRun {
    pub id: Uuid,
    pub repository_id: i64,
    pub installation_id: Option<i64>,
    pub head_sha: CommitSha,
    /// GitHub's id, once the run was created there.
    pub github_id: Option<i64>,
    /// Revision of what should be seen.
    pub wanted: i64,
    /// Revision that was shown.
    pub shown: i64,
    pub deadline_at: DateTime<Utc>,
    pub concluded_at: Option<DateTime<Utc>>,
    pub conclusion: Option<String>,
}

/// Whether everything that there is to show was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "what came meanwhile is still to be shown"]
pub enum Caught {
    Up,
    Behind,
}

/// Makes sure that the head has a check run which is not concluded, due within `deadline`; answers with its id. Something
/// new is then wanted of it.
///
/// # Errors
/// When the database fails.
pub async fn open(
    executor: impl PgExecutor<'_>,
    repository: i64,
    installation: Option<i64>,
    head: &CommitSha,
    deadline: Duration,
) -> Result<Uuid> {
    sqlx::query_scalar!(
        "insert into check_runs (id, repository_id, installation_id, head_sha, deadline_at) values ($1, $2, $3, $4, now() + $5 * interval '1 ms')
         on conflict (repository_id, head_sha) do update
             set wanted = check_runs.wanted + 1, deadline_at = excluded.deadline_at, concluded_at = null,
                 conclusion = null, installation_id = coalesce(excluded.installation_id, check_runs.installation_id),
                 updated_at = now()
         returning id",
        Uuid::now_v7(),
        repository,
        installation,
        head.as_str(),
        milliseconds(deadline),
    )
    .fetch_one(executor)
    .await
    .doing(|| format!("open the check run of {}", head.short()))
}

/// Notes that there is something new to show of a head; answers with its check run, where it has one.
///
/// # Errors
/// When the database fails.
pub async fn want(executor: impl PgExecutor<'_>, repository: i64, head: &CommitSha) -> Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "update check_runs set wanted = wanted + 1, updated_at = now() where repository_id = $1 and head_sha = $2
         returning id",
        repository,
        head.as_str(),
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("note that the check run of {} changes", head.short()))
}

struct Row {
    id: Uuid,
    repository_id: i64,
    installation_id: Option<i64>,
    head_sha: String,
    github_id: Option<i64>,
    wanted: i64,
    shown: i64,
    deadline_at: DateTime<Utc>,
    concluded_at: Option<DateTime<Utc>>,
    conclusion: Option<String>,
}

impl Row {
    fn read(self) -> Result<CheckRun> {
        let unreadable = |e| StoreError::unreadable(format!("the check run {}", self.id), e);
        Ok(CheckRun {
            id: self.id,
            repository_id: self.repository_id,
            installation_id: self.installation_id,
            head_sha: self.head_sha.parse::<CommitSha>().map_err(unreadable)?,
            github_id: self.github_id,
            wanted: self.wanted,
            shown: self.shown,
            deadline_at: self.deadline_at,
            concluded_at: self.concluded_at,
            conclusion: self.conclusion,
        })
    }
}

macro_rules! select {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            "select id, repository_id, installation_id, head_sha, github_id, wanted, shown, deadline_at, concluded_at, "
                + "conclusion from check_runs "
                + $rest
            $(, $argument)*
        )
    };
}

/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<CheckRun>> {
    let row = select!("where id = $1", id).fetch_optional(executor).await;
    row.doing(|| format!("load the check run {id}"))?.map(Row::read).transpose()
}

/// The check run of a head, where it has one.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn of_head(executor: impl PgExecutor<'_>, repository: i64, head: &CommitSha) -> Result<Option<CheckRun>> {
    let row = select!("where repository_id = $1 and head_sha = $2", repository, head.as_str());
    let row = row.fetch_optional(executor).await;
    row.doing(|| format!("load the check run of {}", head.short()))?.map(Row::read).transpose()
}

/// Gives a run up: nobody can be told. A later question about the head opens it again.
///
/// # Errors
/// When the database fails.
pub async fn abandon(executor: impl PgExecutor<'_>, id: Uuid) -> Result<()> {
    sqlx::query!(
        "update check_runs set conclusion = 'abandoned', concluded_at = now(), shown = wanted, updated_at = now()
         where id = $1",
        id
    )
    .execute(executor)
    .await
    .doing(|| format!("abandon the check run {id}"))?;
    Ok(())
}

/// Remembers GitHub's id of a run; the first one given stands and is the answer.
///
/// # Errors
/// When the database fails or the row does not exist.
pub async fn set_github_id(executor: impl PgExecutor<'_>, id: Uuid, github_id: i64) -> Result<i64> {
    sqlx::query_scalar!(
        r#"update check_runs set github_id = coalesce(github_id, $2), updated_at = now() where id = $1
           returning github_id as "github_id!""#,
        id,
        github_id,
    )
    .fetch_one(executor)
    .await
    .doing(|| format!("remember GitHub's id of the check run {id}"))
}

/// Forgets GitHub's id: GitHub no longer knows that run, another must be created.
///
/// # Errors
/// When the database fails.
pub async fn forget_github_id(executor: impl PgExecutor<'_>, id: Uuid) -> Result<()> {
    sqlx::query!("update check_runs set github_id = null, updated_at = now() where id = $1", id)
        .execute(executor)
        .await
        .doing(|| format!("forget GitHub's id of the check run {id}"))?;
    Ok(())
}

/// Notes that GitHub shows `revision`, concluded with GitHub's word where there is one.
///
/// # Errors
/// When the database fails or the row does not exist.
pub async fn show(executor: impl PgExecutor<'_>, id: Uuid, revision: i64, conclusion: Option<&str>) -> Result<Caught> {
    let wanted = sqlx::query_scalar!(
        "update check_runs
         set shown = greatest(shown, $2),
             conclusion = case when wanted = $2 then $3 else null end,
             concluded_at = case when wanted = $2 and $3::text is not null then coalesce(concluded_at, now()) end,
             updated_at = now()
         where id = $1 returning wanted",
        id,
        revision,
        conclusion,
    )
    .fetch_one(executor)
    .await
    .doing(|| format!("note what the check run {id} shows"))?;
    Ok(if wanted > revision { Caught::Behind } else { Caught::Up })
}

/// Check runs without a conclusion whose deadline has passed.
///
/// # Errors
/// When the database fails.
pub async fn overdue(executor: impl PgExecutor<'_>) -> Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select id from check_runs where concluded_at is null and deadline_at < now() order by deadline_at limit $1",
        AT_ONCE
    )
    .fetch_all(executor)
    .await
    .doing(|| "list the overdue check runs".to_owned())
}

/// Gives an overdue check run `deadline` more, so that the next look finds others.
///
/// # Errors
/// When the database fails.
pub async fn extend(executor: impl PgExecutor<'_>, id: Uuid, deadline: Duration) -> Result<()> {
    sqlx::query!(
        "update check_runs set deadline_at = now() + $2 * interval '1 ms' where id = $1",
        id,
        milliseconds(deadline)
    )
    .execute(executor)
    .await
    .doing(|| format!("extend the deadline of the check run {id}"))?;
    Ok(())
}

/// Check runs that show less than there is, with nobody at work on them: their job was given up.
///
/// # Errors
/// When the database fails.
pub async fn behind(executor: impl PgExecutor<'_>) -> Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select id from check_runs c
         where shown < wanted and updated_at < now() - interval '5 s' and conclusion is distinct from 'abandoned'
           and not exists (select from jobs j where j.finished_at is null and j.kind = 'publish' and j.key = 'publish:' || c.id)
         order by updated_at limit $1",
        AT_ONCE
    )
    .fetch_all(executor)
    .await
    .doing(|| "list the check runs that are behind".to_owned())
}
