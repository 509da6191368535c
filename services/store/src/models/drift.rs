//! How far the releases of a day are from those that a model was trained on.

use crate::{Result, error::Doing};
use chrono::NaiveDate;
use sqlx::PgExecutor;

/// One day's figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    pub day: NaiveDate,
    pub digest: String,
    pub ecosystem: String,
    /// `new` or `update`.
    pub mode: String,
    /// What was compared: `score`, `chunks` or `facts`.
    pub input: String,
    /// Population stability index.
    pub psi: f64,
    /// Scores that it rests on.
    pub rows: i64,
}

/// Keeps figures; one that is there for the same day gives way.
///
/// # Errors
/// When a model is not kept, or the database fails.
pub async fn note_drift(executor: impl PgExecutor<'_>, figures: &[Drift]) -> Result<()> {
    let texts = |of: fn(&Drift) -> &str| figures.iter().map(|figure| of(figure).to_owned()).collect::<Vec<_>>();
    sqlx::query!(
        "insert into model_drift (day, digest, ecosystem, mode, input, psi, rows)
         select * from unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::bigint[])
         on conflict (day, digest, ecosystem, mode, input) do update set psi = excluded.psi, rows = excluded.rows",
        &figures.iter().map(|figure| figure.day).collect::<Vec<_>>(),
        &texts(|figure| &figure.digest),
        &texts(|figure| &figure.ecosystem),
        &texts(|figure| &figure.mode),
        &texts(|figure| &figure.input),
        &figures.iter().map(|figure| figure.psi).collect::<Vec<_>>(),
        &figures.iter().map(|figure| figure.rows).collect::<Vec<_>>(),
    )
    .execute(executor)
    .await
    .doing(|| format!("note {} figures of drift", figures.len()))?;
    Ok(())
}

/// The figures of a model since a day, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn drift(executor: impl PgExecutor<'_>, digest: &str, since: NaiveDate) -> Result<Vec<Drift>> {
    sqlx::query_as!(
        Drift,
        "select day, digest, ecosystem, mode, input, psi, rows from model_drift
         where digest = $1 and day >= $2 order by day, ecosystem, mode, input",
        digest,
        since,
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("read the drift that the model {digest} saw"))
}
