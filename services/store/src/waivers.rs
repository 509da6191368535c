//! Waivers: exceptions that somebody asked for and somebody answered. Each names one release in one repository and one
//! reason of the policy, and ends after at most [`LONGEST`].

use crate::{Result, StoreError, error::Doing};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// No waiver lives longer; the schema holds the same bound.
pub const LONGEST: TimeDelta = TimeDelta::days(90);

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Requested,
    Granted,
    Refused,
    Expired,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Requested, Self::Granted, Self::Refused, Self::Expired];

    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }

    fn read(id: Uuid, name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|s| s.name() == name);
        found
            .ok_or_else(|| StoreError::unreadable(format!("the waiver {id}"), format!("the state {name:?} is unknown")))
    }
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct NewWaiver<'a> {
    pub installation_id: i64,
    /// GitHub's id, which survives a rename.
    pub repository_id: i64,
    /// `OWNER/NAME` by now.
    pub repository: &'a str,
    pub purl: &'a str,
    /// The code of the reason that is to be waived.
    pub code: &'a str,
    /// Why; at most 2000 characters.
    pub reason: &'a str,
    /// `github:<login>`, `person:<name>`, `token:<name>`.
    pub requested_by: &'a str,
}

#[derive(Debug, Clone)]
pub struct Waiver {
    pub id: Uuid,
    pub installation_id: i64,
    pub repository_id: i64,
    pub repository: String,
    pub purl: String,
    pub code: String,
    pub reason: String,
    pub requested_by: String,
    pub requested_at: DateTime<Utc>,
    /// As it stands now: a grant whose end has passed is expired.
    pub state: State,
    pub decided_by: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decided_reason: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
}

struct Row {
    id: Uuid,
    installation_id: i64,
    repository_id: i64,
    repository: String,
    purl: String,
    code: String,
    reason: String,
    requested_by: String,
    requested_at: DateTime<Utc>,
    state: String,
    decided_by: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    decided_reason: Option<String>,
    expires_at: Option<DateTime<Utc>>,
}

impl Row {
    fn read(self, now: DateTime<Utc>) -> Result<Waiver> {
        let stored = State::read(self.id, &self.state)?;
        let ended = self.expires_at.is_none_or(|end| end <= now);
        Ok(Waiver {
            id: self.id,
            installation_id: self.installation_id,
            repository_id: self.repository_id,
            repository: self.repository,
            purl: self.purl,
            code: self.code,
            reason: self.reason,
            requested_by: self.requested_by,
            requested_at: self.requested_at,
            state: if stored == State::Granted && ended { State::Expired } else { stored },
            decided_by: self.decided_by,
            decided_at: self.decided_at,
            decided_reason: self.decided_reason,
            expires_at: self.expires_at,
        })
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    New(Uuid),
    /// The same is asked for already and not answered yet.
    Open(Uuid),
}

/// Asks for a waiver.
///
/// # Errors
/// When the database fails or a text is empty or too long.
pub async fn request(connection: &mut PgConnection, new: &NewWaiver<'_>) -> Result<Requested> {
    let doing = || format!("ask for a waiver of {} on {} in {}", new.code, new.purl, new.repository);
    let id = Uuid::now_v7();
    let inserted = sqlx::query!(
        "insert into waivers (id, installation_id, repository_id, repository, purl, code, reason, requested_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (repository_id, purl, code) where state = 'requested' do nothing",
        id,
        new.installation_id,
        new.repository_id,
        new.repository,
        new.purl,
        new.code,
        new.reason,
        new.requested_by,
    )
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    if inserted.rows_affected() == 1 {
        return Ok(Requested::New(id));
    }
    let open = sqlx::query_scalar!(
        "select id from waivers where repository_id = $1 and purl = $2 and code = $3 and state = 'requested'",
        new.repository_id,
        new.purl,
        new.code,
    )
    .fetch_optional(connection)
    .await
    .doing(doing)?;
    open.map(Requested::Open).ok_or_else(|| StoreError::Conflict {
        doing: doing(),
        why: "the same request was answered just now".to_owned(),
    })
}

/// What waives a reason: this release in this repository, for this code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    pub id: Uuid,
    pub purl: String,
    pub code: String,
    pub expires_at: DateTime<Utc>,
    /// Who granted it, and why.
    pub decided_by: String,
    pub decided_reason: String,
}

/// The waivers of a repository that hold at `now`.
///
/// # Errors
/// When the database fails.
pub async fn granted_for(
    executor: impl PgExecutor<'_>,
    repository_id: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Granted>> {
    sqlx::query_as!(
        Granted,
        r#"select id, purl, code, expires_at as "expires_at!", decided_by as "decided_by!",
                  decided_reason as "decided_reason!"
           from waivers where repository_id = $1 and state = 'granted' and expires_at > $2 and decided_at <= $2
           order by purl, code, id"#,
        repository_id,
        now
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("load the waivers of repository {repository_id}"))
}

/// Requests and their answers, open ones first, then the newest. At most 500.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn list(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> Result<Vec<Waiver>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, installation_id, repository_id, repository, purl, code, reason, requested_by, requested_at, state,
                decided_by, decided_at, decided_reason, expires_at
         from waivers order by (state = 'requested') desc, requested_at desc, id limit 500"
    )
    .fetch_all(executor)
    .await
    .doing(|| "list the waivers".to_owned())?;
    rows.into_iter().map(|row| row.read(now)).collect()
}

/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, id: Uuid, now: DateTime<Utc>) -> Result<Option<Waiver>> {
    let row = sqlx::query_as!(
        Row,
        "select id, installation_id, repository_id, repository, purl, code, reason, requested_by, requested_at, state,
                decided_by, decided_at, decided_reason, expires_at
         from waivers where id = $1",
        id
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("load the waiver {id}"))?;
    row.map(|row| row.read(now)).transpose()
}

/// An answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Until then; at most [`LONGEST`] from now.
    Grant { expires_at: DateTime<Utc> },
    /// Of a request, or the early end of what was granted.
    Refuse,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    Done,
    /// It stands otherwise: it was answered before, or its grant has ended.
    Stands(State),
    NotFound,
    /// The end is not after `now`, or more than [`LONGEST`] after it.
    BadEnd,
}

/// Answers a request; the row's policy decides whether the caller may see and change it.
///
/// # Errors
/// When the database fails or a text is empty or too long.
pub async fn answer(
    connection: &mut PgConnection,
    id: Uuid,
    answer: Answer,
    by: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Answered> {
    let Some(waiver) = get(&mut *connection, id, now).await? else { return Ok(Answered::NotFound) };
    let (state, end, from) = match answer {
        Answer::Grant { expires_at } if expires_at <= now || expires_at > now + LONGEST => return Ok(Answered::BadEnd),
        Answer::Grant { expires_at } => (State::Granted, Some(expires_at), &["requested"][..]),
        Answer::Refuse => (State::Refused, None, &["requested", "granted"][..]),
    };
    if !from.contains(&waiver.state.name()) {
        return Ok(Answered::Stands(waiver.state));
    }
    let from: Vec<String> = from.iter().map(|&s| s.to_owned()).collect();
    let done = sqlx::query!(
        "update waivers set state = $2, decided_by = $3, decided_reason = $4, decided_at = $5, expires_at = $6
         where id = $1 and state = any($7)",
        id,
        state.name(),
        by,
        reason,
        now,
        end,
        &from,
    )
    .execute(&mut *connection)
    .await
    .doing(|| format!("answer the waiver {id}"))?;
    if done.rows_affected() == 1 {
        return Ok(Answered::Done);
    }
    // Somebody else was faster.
    Ok(get(connection, id, now).await?.map_or(Answered::NotFound, |now| Answered::Stands(now.state)))
}
