//! Released files that are not what they were, and who relied on them. Append-only.
//!
//! Who could attack: a publisher, a registry's account or a registry that exchanges the bytes of a version that is in
//! use. The exchange itself is refused elsewhere; here is kept that it happened, and what was decided before it was known.

use crate::{Result, StoreError, error::Doing};
use chrono::{DateTime, Utc};
use lockgate_model::{Digest, Outcome};
use sqlx::PgExecutor;
use uuid::Uuid;

/// Who noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// Evidence was collected, for a pull request or for a client that installs.
    Collection,
    /// The mirror was compared with the registry.
    Mirror,
}

impl FoundBy {
    pub fn name(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Mirror => "mirror",
        }
    }
}

/// A released file that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub id: i64,
    pub purl: String,
    pub file: String,
    pub before: String,
    pub after: String,
    pub found_by: String,
    /// Those that relied on `before` when it was found.
    pub decisions: Vec<Uuid>,
    pub found_at: DateTime<Utc>,
}

/// Notes that a file is another one than `before`, once for each pair. `sha256`: of the bytes of which `before` is a
/// digest. `None` when that was noted already.
///
/// # Errors
/// When the database fails.
pub async fn note(
    executor: impl PgExecutor<'_>,
    (purl, file): (&str, &str),
    (before, after): (&Digest, &Digest),
    sha256: &Digest,
    found_by: FoundBy,
) -> Result<Option<i64>> {
    sqlx::query_scalar!(
        "insert into incidents (purl, file, before, after, found_by, decisions)
         values ($1, $2, $3, $4, $5, array(select decisions_relying_on($6)))
         on conflict do nothing returning id",
        purl,
        file,
        before.to_string(),
        after.to_string(),
        found_by.name(),
        sha256.to_string(),
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("note that {purl} {file} changed"))
}

/// Notes that the bytes of a file, whose SHA-256 is given, are not those that were first seen; `None` when they are, or
/// when that was noted already.
///
/// # Errors
/// When the database fails.
pub async fn note_if_changed(
    executor: impl PgExecutor<'_>,
    (purl, file): (&str, &str),
    sha256: &Digest,
    found_by: FoundBy,
) -> Result<Option<i64>> {
    sqlx::query_scalar!(
        "insert into incidents (purl, file, before, after, found_by, decisions)
         select f.purl, f.file, f.digest, $3, $4, array(select decisions_relying_on(f.digest))
         from first_seen f where f.purl = $1 and f.file = $2 and f.algorithm = 'sha256' and f.digest <> $3
         on conflict do nothing returning id",
        purl,
        file,
        sha256.to_string(),
        found_by.name(),
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("compare {purl} {file} with what was first seen"))
}

/// The incidents in which a digest was exchanged, or put in another's place; all of them where none is given. Newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(executor: impl PgExecutor<'_>, digests: Option<&[String]>, limit: i64) -> Result<Vec<Incident>> {
    sqlx::query_as!(
        Incident,
        "select id, purl, file, before, after, found_by, decisions, found_at from incidents
         where $1::text[] is null or before = any($1) or after = any($1) order by id desc limit $2",
        digests,
        limit
    )
    .fetch_all(executor)
    .await
    .doing(|| "list incidents".to_owned())
}

/// Every digest of the same bytes that is on record, this one among them: of what a registry stated, and of the bytes.
///
/// # Errors
/// When the database fails.
pub async fn same_bytes(executor: impl PgExecutor<'_>, digest: &Digest) -> Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"with bytes as (select $1::text as digest union select sha256 from known_artifacts where stated_digest = $1)
           select digest as "digest!" from bytes
           union select k.stated_digest from known_artifacts k join bytes on k.sha256 = bytes.digest"#,
        digest.to_string()
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("find the bytes of {digest}"))
}

/// A decision that relied on an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relying {
    pub decision: Uuid,
    pub repository: String,
    pub head: String,
    pub outcome: Outcome,
    pub decided_at: DateTime<Utc>,
    /// The release whose evidence looked at it, and the lockfile that holds it.
    pub purl: String,
    pub lockfile: String,
}

/// Every decision whose evidence looked at one of these digests, newest first; a line for each release and lockfile.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn relying_on(executor: impl PgExecutor<'_>, digests: &[String]) -> Result<Vec<Relying>> {
    let rows = sqlx::query!(
        r#"select distinct d.sequence, d.id, d.repository, d.head_sha, d.outcome, d.decided_at, l.purl, l.lockfile
           from evidence e
           join evaluation_evidence l on l.evidence_id = e.id
           join decisions d on d.evaluation_id = l.evaluation_id
           where digests_looked_at(e.body) && $1
           order by d.sequence desc, l.lockfile, l.purl"#,
        digests
    )
    .fetch_all(executor)
    .await
    .doing(|| "find the decisions that relied on an artifact".to_owned())?;
    rows.into_iter()
        .map(|row| {
            let outcome =
                [Outcome::Allow, Outcome::Deny, Outcome::Incomplete].into_iter().find(|o| o.name() == row.outcome);
            let outcome = outcome.ok_or_else(|| StoreError::unreadable("a decision", "its outcome is unknown"))?;
            Ok(Relying {
                decision: row.id,
                repository: row.repository,
                head: row.head_sha,
                outcome,
                decided_at: row.decided_at,
                purl: row.purl,
                lockfile: row.lockfile,
            })
        })
        .collect()
}
