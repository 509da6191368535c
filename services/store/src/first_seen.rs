//! The first bytes ever seen under a file name of a release.
//!
//! Who could attack: a registry, or somebody on the way to it, that serves other bytes for a version that
//! is already in use. Rows are written by [`crate::artifacts::record`] and never changed, so the first answer stands.

use crate::{Result, StoreError, error::Doing};
use chrono::{DateTime, Utc};
use lockgate_model::Digest;
use sqlx::PgExecutor;
use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSeen {
    /// File name without folders.
    pub file: String,
    pub digest: Digest,
    pub first_seen_at: DateTime<Utc>,
}

/// Everything recorded about these releases, ordered by file and algorithm; those of which nothing is are left out.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn of(executor: impl PgExecutor<'_>, purls: &[String]) -> Result<HashMap<String, Vec<FirstSeen>>> {
    let rows = sqlx::query!(
        "select purl, file, digest, first_seen_at from first_seen where purl = any($1) order by purl, file, algorithm",
        purls
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("load the first digests of {} releases", purls.len()))?;
    let mut seen: HashMap<String, Vec<FirstSeen>> = HashMap::new();
    for row in rows {
        let subject = || format!("the first digest of {} {}", row.purl, row.file);
        let digest = row.digest.parse().map_err(|e| StoreError::unreadable(subject(), e))?;
        let found = FirstSeen { file: row.file, digest, first_seen_at: row.first_seen_at };
        seen.entry(row.purl).or_default().push(found);
    }
    Ok(seen)
}
