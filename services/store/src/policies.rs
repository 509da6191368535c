//! Every policy that ever decided, so that a decision can be replayed with it.

use crate::{Result, error::Doing, json};
use lockgate_model::Digest;
use sqlx::PgExecutor;
use std::collections::BTreeMap;

/// Keeps a policy's files (path to text) under its digest.
///
/// # Errors
/// When the database fails.
pub async fn remember(executor: impl PgExecutor<'_>, digest: &Digest, files: &BTreeMap<String, String>) -> Result<()> {
    let doing = || format!("keep the policy {digest}");
    sqlx::query!(
        "insert into policies (digest, files) values ($1, $2::text::json) on conflict do nothing",
        digest.to_string(),
        json::to_text(doing, files)?,
    )
    .execute(executor)
    .await
    .doing(doing)?;
    Ok(())
}

/// The files of a policy that decided something.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, digest: &Digest) -> Result<Option<BTreeMap<String, String>>> {
    let files =
        sqlx::query_scalar!(r#"select files::text as "files!" from policies where digest = $1"#, digest.to_string())
            .fetch_optional(executor)
            .await
            .doing(|| format!("load the policy {digest}"))?;
    files.map(|text| json::from_text(|| format!("the policy {digest}"), &text)).transpose()
}
