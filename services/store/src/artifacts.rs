//! Artifacts whose bytes once matched the digest that the registry states: no second fetch is needed.

use crate::{Result, StoreError, error::Doing};
use lockgate_model::Digest;
use sqlx::PgExecutor;

/// SHA-256 of the bytes that once matched `stated`. `None` for a digest that does not resist collisions:
/// two artifacts may share it, and the other one may be what is served today.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn known(executor: impl PgExecutor<'_>, purl: &str, file: &str, stated: &Digest) -> Result<Option<Digest>> {
    if !stated.algorithm().resists_collisions() {
        return Ok(None);
    }
    let found = sqlx::query_scalar!(
        "select sha256 from known_artifacts where purl = $1 and file = $2 and stated_digest = $3",
        purl,
        file,
        stated.to_string(),
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("look up the artifact {purl} {file}"))?;
    let subject = || format!("the known artifact {purl} {file}");
    found.map(|text| text.parse().map_err(|e| StoreError::unreadable(subject(), e))).transpose()
}

/// Records that bytes with this SHA-256 match `stated`; the caller has compared them. A digest that does
/// not resist collisions is not recorded.
///
/// # Errors
/// When the database fails.
pub async fn record(
    executor: impl PgExecutor<'_>,
    purl: &str,
    file: &str,
    stated: &Digest,
    sha256: &Digest,
) -> Result<()> {
    if !stated.algorithm().resists_collisions() {
        return Ok(());
    }
    sqlx::query!(
        "insert into known_artifacts (purl, file, stated_digest, sha256) values ($1, $2, $3, $4) on conflict do nothing",
        purl,
        file,
        stated.to_string(),
        sha256.to_string(),
    )
    .execute(executor)
    .await
    .doing(|| format!("record the artifact {purl} {file}"))?;
    Ok(())
}
