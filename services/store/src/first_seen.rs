//! The first bytes ever seen under a file name of a release.
//!
//! Who could attack: a registry, or somebody on the way to it, that serves other bytes for a version that
//! is already in use. Rows are never changed, so the first answer stands.

use crate::{Result, StoreError, error::Doing};
use chrono::{DateTime, Utc};
use lockgate_model::Digest;
use sqlx::PgExecutor;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSeen {
    /// File name without folders.
    pub file: String,
    pub digest: Digest,
    pub first_seen_at: DateTime<Utc>,
}

/// Records the digest of a file unless one of the same algorithm stands already; answers with the one that
/// stood before, or `None` when this is the first.
///
/// # Errors
/// When the database fails.
pub async fn record(
    executor: impl PgExecutor<'_>,
    purl: &str,
    file: &str,
    digest: &Digest,
) -> Result<Option<FirstSeen>> {
    // The select does not see the row that the same statement inserts.
    let row = sqlx::query!(
        "with added as (
             insert into first_seen (purl, file, algorithm, digest) values ($1, $2, $3, $4) on conflict do nothing
         )
         select file, digest, first_seen_at from first_seen where purl = $1 and file = $2 and algorithm = $3",
        purl,
        file,
        digest.algorithm().name(),
        digest.to_string(),
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("record the first digest of {purl} {file}"))?;
    row.map(|row| read(purl, row.file, &row.digest, row.first_seen_at)).transpose()
}

/// Everything recorded about a release, ordered by file and algorithm.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn of(executor: impl PgExecutor<'_>, purl: &str) -> Result<Vec<FirstSeen>> {
    let rows = sqlx::query!(
        "select file, digest, first_seen_at from first_seen where purl = $1 order by file, algorithm",
        purl
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("load the first digests of {purl}"))?;
    rows.into_iter().map(|row| read(purl, row.file, &row.digest, row.first_seen_at)).collect()
}

fn read(purl: &str, file: String, digest: &str, first_seen_at: DateTime<Utc>) -> Result<FirstSeen> {
    let digest = digest.parse().map_err(|e| StoreError::unreadable(format!("the first digest of {purl} {file}"), e))?;
    Ok(FirstSeen { file, digest, first_seen_at })
}
