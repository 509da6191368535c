//! Sessions of people, by the digest of what their cookie holds; and the sign-ins that were used up.

use super::{Hash, Scope, tokens};
use crate::{Result, error::Doing};
use sqlx::PgExecutor;
use std::time::Duration;
use uuid::Uuid;

/// Who signed in, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A person whom the OpenID provider vouched for.
    Person {
        /// The provider's lasting id.
        subject: String,
        name: String,
        /// As named at sign-in.
        groups: Vec<String>,
    },
    /// Somebody who holds a machine token.
    Token { name: String, role: String, scope: Scope },
}

/// What opens a session.
#[derive(Debug, Clone)]
pub enum Opening<'a> {
    Person { subject: &'a str, name: &'a str, groups: &'a [String] },
    Token { id: Uuid, name: &'a str },
}

/// Opens a session that ends after `lifetime` whatever happens. Old ones are swept away by the way.
///
/// # Errors
/// When the database fails.
pub async fn open(executor: impl PgExecutor<'_>, hash: &Hash, opening: &Opening<'_>, lifetime: Duration) -> Result<()> {
    let (subject, name, groups, token) = match opening {
        Opening::Person { subject, name, groups } => (*subject, *name, *groups, None),
        Opening::Token { id, name } => (*name, *name, &[][..], Some(*id)),
    };
    sqlx::query!(
        "with swept as (delete from sessions where expires_at <= now())
         insert into sessions (hash, subject, name, groups, token_id, expires_at)
         values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))",
        &hash[..],
        subject,
        name,
        groups,
        token,
        lifetime.as_secs_f64(),
    )
    .execute(executor)
    .await
    .doing(|| "open a session".to_owned())?;
    Ok(())
}

/// The holder of a live session that was used within `idle`, whose use is noted (to the minute).
///
/// # Errors
/// When the database fails.
pub async fn find(executor: impl PgExecutor<'_>, hash: &Hash, idle: Duration) -> Result<Option<Holder>> {
    let row = sqlx::query!(
        r#"with found as (
             select * from sessions
             where hash = $1 and expires_at > now() and used_at > now() - make_interval(secs => $2)
         ), noted as (
             update sessions set used_at = now()
             where hash = (select hash from found) and used_at < now() - interval '1 minute'
         )
         select s.subject, s.name, s.groups, s.token_id, t.role as "role?", t.installations,
                coalesce(t.revoked_at is null and t.expires_at > now(), false) as "token_lives!"
         from found s left join tokens t on t.id = s.token_id"#,
        &hash[..],
        idle.as_secs_f64(),
    )
    .fetch_optional(executor)
    .await
    .doing(|| "look for a session".to_owned())?;
    Ok(row.and_then(|row| match (row.token_id, row.role) {
        (None, _) => Some(Holder::Person { subject: row.subject, name: row.name, groups: row.groups }),
        (Some(_), Some(role)) if row.token_lives => {
            Some(Holder::Token { name: row.name, role, scope: tokens::scope(row.installations) })
        }
        (Some(_), _) => None,
    }))
}

/// Ends a session.
///
/// # Errors
/// When the database fails.
pub async fn close(executor: impl PgExecutor<'_>, hash: &Hash) -> Result<()> {
    sqlx::query!("delete from sessions where hash = $1", &hash[..])
        .execute(executor)
        .await
        .doing(|| "close a session".to_owned())?;
    Ok(())
}

/// Whether a sign-in is used for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    First,
    Again,
}

/// Uses a sign-in up. A provider's codes live for minutes (RFC 6749, section 4.1.2), so a day's memory is enough.
///
/// # Errors
/// When the database fails.
pub async fn use_login(executor: impl PgExecutor<'_>, hash: &Hash) -> Result<Use> {
    let used = sqlx::query!(
        "with swept as (delete from used_logins where used_at < now() - interval '1 day')
         insert into used_logins (hash) values ($1) on conflict do nothing",
        &hash[..]
    )
    .execute(executor)
    .await
    .doing(|| "use a sign-in up".to_owned())?;
    Ok(if used.rows_affected() == 1 { Use::First } else { Use::Again })
}
