//! Tokens of machines: found by their digest, mortal, revocable.

use super::{Hash, Scope};
use crate::{Result, StoreError, error::Doing};
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// A token to be kept.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Unique among those that are not revoked.
    pub name: &'a str,
    pub role: &'a str,
    pub scope: &'a Scope,
    pub hash: &'a Hash,
    /// At most 366 days from now.
    pub expires_at: DateTime<Utc>,
}

/// A token as it is listed. The secret is not among it: nobody has it but its bearer.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: Uuid,
    pub name: String,
    pub role: String,
    pub scope: Scope,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

pub(super) fn scope(installations: Option<Vec<i64>>) -> Scope {
    installations.map_or(Scope::EveryInstallation, |ids| Scope::Installations(ids.into_iter().collect()))
}

/// # Errors
/// [`StoreError::Refused`] when a live token has the name; else when the database fails.
pub async fn create(executor: impl PgExecutor<'_>, new: &NewToken<'_>) -> Result<Uuid> {
    let doing = || format!("create the token {:?}", new.name);
    let id = Uuid::now_v7();
    let installations: Option<Vec<i64>> = match new.scope {
        Scope::EveryInstallation => None,
        Scope::Installations(ids) => Some(ids.iter().copied().collect()),
    };
    let created = sqlx::query!(
        "insert into tokens (id, name, role, installations, hash, expires_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (name) where revoked_at is null do nothing",
        id,
        new.name,
        new.role,
        installations.as_deref(),
        &new.hash[..],
        new.expires_at,
    )
    .execute(executor)
    .await
    .doing(doing)?;
    if created.rows_affected() == 0 {
        let why = "there is one with this name; revoke it first, or choose another name".to_owned();
        return Err(StoreError::Refused { doing: doing(), why });
    }
    Ok(id)
}

/// The live token with this digest, whose use is noted. `None`: unknown, expired or revoked, without saying which.
///
/// # Errors
/// When the database fails.
pub async fn find(executor: impl PgExecutor<'_>, hash: &Hash) -> Result<Option<Token>> {
    // The use is noted once a minute: a token that is used a thousand times a second costs no thousand writes.
    let row = sqlx::query!(
        "with found as (
             select * from tokens where hash = $1 and revoked_at is null and expires_at > now()
         ), noted as (
             update tokens set last_used_at = now()
             where id = (select id from found) and coalesce(last_used_at < now() - interval '1 minute', true)
         )
         select id, name, role, installations, created_at, expires_at, last_used_at, revoked_at from found",
        &hash[..]
    )
    .fetch_optional(executor)
    .await
    .doing(|| "look for a token".to_owned())?;
    Ok(row.map(|row| Token {
        id: row.id,
        name: row.name,
        role: row.role,
        scope: scope(row.installations),
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    }))
}

/// Every token, revoked and expired ones too, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(executor: impl PgExecutor<'_>) -> Result<Vec<Token>> {
    let rows = sqlx::query!(
        "select id, name, role, installations, created_at, expires_at, last_used_at, revoked_at
         from tokens order by created_at desc, id desc"
    )
    .fetch_all(executor)
    .await
    .doing(|| "list the tokens".to_owned())?;
    let tokens = rows.into_iter().map(|row| Token {
        id: row.id,
        name: row.name,
        role: row.role,
        scope: scope(row.installations),
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    });
    Ok(tokens.collect())
}

/// What became of a wish to revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    Now,
    /// No live token has the name.
    NotFound,
}

/// Ends a token, and the sessions that were opened with it, at once.
///
/// # Errors
/// When the database fails.
pub async fn revoke(executor: impl PgExecutor<'_>, name: &str) -> Result<Revoked> {
    let done = sqlx::query!(
        "with gone as (update tokens set revoked_at = now() where name = $1 and revoked_at is null returning id),
              closed as (delete from sessions where token_id in (select id from gone))
         select count(*) as \"gone!\" from gone",
        name
    )
    .fetch_one(executor)
    .await
    .doing(|| format!("revoke the token {name:?}"))?;
    Ok(if done.gone == 0 { Revoked::NotFound } else { Revoked::Now })
}
