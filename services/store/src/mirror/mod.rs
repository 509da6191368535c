//! What the mirror holds, of which releases, and when its bytes were last found to be what their name says. The bytes
//! themselves lie in an object store, which `lockgate-mirror` alone speaks to.

mod findings;
mod passes;

pub use findings::{Became, Finding, note_finding};
pub use passes::{Pass, PassKind, finish, last_finished, open, progress};

use crate::{Result, StoreError, error::Doing};
use chrono::{DateTime, Utc};
use lockgate_model::Digest;
use sqlx::{PgConnection, PgExecutor};

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOf {
    pub purl: String,
    /// File name without folders.
    pub file: String,
}

/// An object as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub sha256: Digest,
    pub size: u64,
}

/// Notes that an object is kept and sound, and which release's file it is. `passed_by`: `decision:ID` or `firewall:ID`.
///
/// # Errors
/// When the database fails.
pub async fn keep(connection: &mut PgConnection, object: &Object, of: &FileOf, passed_by: &str) -> Result<()> {
    let doing = || format!("note that the mirror keeps {} {}", of.purl, of.file);
    sqlx::query!(
        "insert into mirror_objects (sha256, size) values ($1, $2)
         on conflict (sha256) do update set sound_at = now()",
        object.sha256.to_string(),
        i64::try_from(object.size).unwrap_or(i64::MAX),
    )
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    sqlx::query!(
        "insert into mirror_artifacts (sha256, purl, file, passed_by) values ($1, $2, $3, $4) on conflict do nothing",
        object.sha256.to_string(),
        of.purl,
        of.file,
        passed_by,
    )
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    Ok(())
}

/// The objects whose names come after `after`, up to and with `last`, in order.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn between(executor: impl PgExecutor<'_>, after: &str, last: &str) -> Result<Vec<Object>> {
    let rows = sqlx::query!(
        "select sha256, size from mirror_objects where sha256 > $1 and sha256 <= $2 order by sha256",
        after,
        last
    )
    .fetch_all(executor)
    .await
    .doing(|| "list what the mirror keeps".to_owned())?;
    rows.into_iter()
        .map(|row| {
            let sha256 = row.sha256.parse().map_err(|e| StoreError::unreadable("an object of the mirror", e))?;
            Ok(Object { sha256, size: row.size.unsigned_abs() })
        })
        .collect()
}

/// Of which releases an object is a file.
///
/// # Errors
/// When the database fails.
pub async fn sources(executor: impl PgExecutor<'_>, sha256: &Digest) -> Result<Vec<FileOf>> {
    sqlx::query_as!(
        FileOf,
        "select purl, file from mirror_artifacts where sha256 = $1 order by kept_at, purl, file",
        sha256.to_string()
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("find of which releases {sha256} is"))
}

/// Whether an object is kept and was sound when it was last looked at.
///
/// # Errors
/// When the database fails.
pub async fn is_sound(executor: impl PgExecutor<'_>, sha256: &Digest) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from mirror_objects where sha256 = $1 and sound_at is not null) as "found!""#,
        sha256.to_string()
    )
    .fetch_one(executor)
    .await;
    found.doing(|| format!("find {sha256} in the mirror"))
}

/// Notes that these objects were found sound now.
///
/// # Errors
/// When the database fails.
pub async fn sound(executor: impl PgExecutor<'_>, sha256: &[Digest]) -> Result<()> {
    let names: Vec<String> = sha256.iter().map(ToString::to_string).collect();
    sqlx::query!("update mirror_objects set sound_at = now() where sha256 = any($1)", &names)
        .execute(executor)
        .await
        .doing(|| format!("note that {} objects are sound", names.len()))?;
    Ok(())
}

/// Notes that an object is not there any more, or not as it should be.
///
/// # Errors
/// When the database fails.
pub async fn lost(executor: impl PgExecutor<'_>, sha256: &Digest) -> Result<()> {
    sqlx::query!("update mirror_objects set sound_at = null where sha256 = $1", sha256.to_string())
        .execute(executor)
        .await
        .doing(|| format!("note that {sha256} is lost"))?;
    Ok(())
}

/// The mirror in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub objects: i64,
    pub bytes: i64,
    /// Objects that are lost: not sound, and not restored.
    pub lost: i64,
    /// When the object that was not looked at for longest was found sound.
    pub oldest: Option<DateTime<Utc>>,
}

/// # Errors
/// When the database fails.
pub async fn totals(executor: impl PgExecutor<'_>) -> Result<Totals> {
    sqlx::query_as!(
        Totals,
        r#"select count(*) as "objects!", coalesce(sum(size), 0)::bigint as "bytes!",
                  count(*) filter (where sound_at is null) as "lost!", min(sound_at) as oldest
           from mirror_objects"#
    )
    .fetch_one(executor)
    .await
    .doing(|| "count what the mirror keeps".to_owned())
}
