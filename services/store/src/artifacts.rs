//! Artifacts whose bytes once matched the digest that the registry states: no second fetch is needed.

use crate::{Result, StoreError, error::Doing};
use lockgate_model::Digest;
use sqlx::PgExecutor;

/// A file of a release with the digest that the registry states of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    pub purl: String,
    /// File name without folders.
    pub file: String,
    pub digest: Digest,
}

/// SHA-256 of the bytes that once matched what is stated, in the order of `wanted`. `None` for a digest that does
/// not resist collisions: two artifacts may share it, and the other one may be what is served today.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn known(executor: impl PgExecutor<'_>, wanted: &[Stated]) -> Result<Vec<Option<Digest>>> {
    let rows = sqlx::query!(
        r#"select w.place as "place!", k.sha256 from unnest($1::text[], $2::text[], $3::text[])
                with ordinality as w (purl, file, stated, place)
           join known_artifacts k on k.purl = w.purl and k.file = w.file and k.stated_digest = w.stated"#,
        &wanted.iter().map(|w| w.purl.clone()).collect::<Vec<_>>(),
        &wanted.iter().map(|w| w.file.clone()).collect::<Vec<_>>(),
        &wanted.iter().map(|w| w.digest.to_string()).collect::<Vec<_>>(),
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("look up {} artifacts", wanted.len()))?;
    let mut known = vec![None; wanted.len()];
    for row in rows {
        let Some(place) = usize::try_from(row.place).ok().and_then(|place| place.checked_sub(1)) else { continue };
        let Some(stated) = wanted.get(place).filter(|w| w.digest.algorithm().resists_collisions()) else { continue };
        let subject = || format!("the known artifact {} {}", stated.purl, stated.file);
        known[place] = Some(row.sha256.parse().map_err(|e| StoreError::unreadable(subject(), e))?);
    }
    Ok(known)
}

/// Records the SHA-256 of a file's bytes: as first seen, unless one stands already, and as what matches each of
/// `stated`; the caller has compared them. A stated digest that does not resist collisions is not recorded.
///
/// # Errors
/// When the database fails.
pub async fn record(
    executor: impl PgExecutor<'_>,
    purl: &str,
    file: &str,
    stated: &[Digest],
    sha256: &Digest,
) -> Result<()> {
    let strong = stated.iter().filter(|d| d.algorithm().resists_collisions());
    sqlx::query!(
        "with seen as (
             insert into first_seen (purl, file, algorithm, digest) values ($1, $2, $3, $4) on conflict do nothing
         )
         insert into known_artifacts (purl, file, stated_digest, sha256)
         select $1, $2, stated, $4 from unnest($5::text[]) as s (stated) on conflict do nothing",
        purl,
        file,
        sha256.algorithm().name(),
        sha256.to_string(),
        &strong.map(ToString::to_string).collect::<Vec<_>>(),
    )
    .execute(executor)
    .await
    .doing(|| format!("record the artifact {purl} {file}"))?;
    Ok(())
}

/// A file of a release whose bytes were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedAt {
    pub purl: String,
    pub file: String,
    pub sha256: Digest,
}

/// The files of these releases whose bytes once matched what their registry states, in order.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn of(executor: impl PgExecutor<'_>, purls: &[String]) -> Result<Vec<LookedAt>> {
    let rows = sqlx::query!(
        "select distinct purl, file, sha256 from known_artifacts where purl = any($1) order by purl, file, sha256",
        purls
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("list the artifacts of {} releases", purls.len()))?;
    rows.into_iter()
        .map(|row| {
            let subject = format!("the known artifact {} {}", row.purl, row.file);
            let sha256 = row.sha256.parse().map_err(|e| StoreError::unreadable(subject, e))?;
            Ok(LookedAt { purl: row.purl, file: row.file, sha256 })
        })
        .collect()
}
