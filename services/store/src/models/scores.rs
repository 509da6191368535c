//! What each model said of each difference, noted beside the evidence: that keeps one answer, and models are compared.

use crate::{Result, error::Doing};
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// Rows that [`scores`] reads at most.
const MOST_SCORES: i64 = 100_000;

/// What a model said of a difference, to be noted.
#[derive(Debug, Clone, PartialEq)]
pub struct NewScore {
    /// Of a model that is kept.
    pub digest: String,
    /// Where the model stood: [`super::Place::name`].
    pub place: &'static str,
    pub purl: String,
    pub ecosystem: String,
    /// `new` or `update`.
    pub mode: String,
    /// `None` where a model cannot answer, and where it failed.
    pub score: Option<f64>,
    pub probability: Option<f64>,
    /// From which the model's makers would look.
    pub threshold: f64,
    pub chunks: i32,
    /// Bit n: the fact of that number holds.
    pub facts: i16,
    /// How long the answer took.
    pub micros: i64,
    pub failure: Option<String>,
}

/// Notes `new` in one statement: all of them, or none.
///
/// # Errors
/// When a model is not kept, or the database fails.
pub async fn note(executor: impl PgExecutor<'_>, new: &[NewScore]) -> Result<()> {
    // PostgreSQL's text cannot hold NUL, and one row must not take the others with it.
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    let texts = |of: fn(&NewScore) -> &str| new.iter().map(|score| clean(of(score))).collect::<Vec<_>>();
    let failures: Vec<Option<String>> = new.iter().map(|score| score.failure.as_deref().map(clean)).collect();
    let scores: Vec<Option<f64>> = new.iter().map(|score| score.score).collect();
    let probabilities: Vec<Option<f64>> = new.iter().map(|score| score.probability).collect();
    sqlx::query!(
        "insert into model_scores (digest, place, purl, ecosystem, mode, score, probability, threshold, chunks, facts,
                                   micros, failure)
         select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[],
                              $8::float8[], $9::integer[], $10::smallint[], $11::bigint[], $12::text[])",
        &texts(|score| &score.digest),
        &texts(|score| score.place),
        &texts(|score| &score.purl),
        &texts(|score| &score.ecosystem),
        &texts(|score| &score.mode),
        &scores as &[Option<f64>],
        &probabilities as &[Option<f64>],
        &new.iter().map(|score| score.threshold).collect::<Vec<_>>(),
        &new.iter().map(|score| score.chunks).collect::<Vec<_>>(),
        &new.iter().map(|score| score.facts).collect::<Vec<_>>(),
        &new.iter().map(|score| score.micros).collect::<Vec<_>>(),
        &failures as &[Option<String>],
    )
    .execute(executor)
    .await
    .doing(|| format!("note {} scores", new.len()))?;
    Ok(())
}

/// How a model did of late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    pub rows: i64,
    pub failures: i64,
    /// Those of updates.
    pub updates: i64,
    /// Updates with a score at or above the threshold. New packages are left out: of those the makers look at ten times as
    /// many.
    pub flagged: i64,
    /// Of the answers; `None` when there were none.
    pub p95_micros: Option<f64>,
}

/// What a model said since a time, counted.
///
/// # Errors
/// When the database fails.
pub async fn window(executor: impl PgExecutor<'_>, digest: &str, since: DateTime<Utc>) -> Result<Window> {
    sqlx::query_as!(
        Window,
        r#"select count(*) as "rows!", count(*) filter (where failed) as "failures!",
                  count(*) filter (where mode = 'update') as "updates!",
                  count(*) filter (where mode = 'update' and score >= threshold) as "flagged!",
                  percentile_cont(0.95) within group (order by micros) filter (where not failed) as p95_micros
           from model_scores where digest = $1 and scored_at >= $2"#,
        digest,
        since,
    )
    .fetch_one(executor)
    .await
    .doing(|| format!("count the scores of the model {digest}"))
}

/// A score, as drift looks at it; the fields are [`NewScore`]'s.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub ecosystem: String,
    pub mode: String,
    pub score: Option<f64>,
    pub chunks: i32,
    pub facts: i16,
}

/// What a model said from `since` until before `until`, failures left out: the newest 100,000.
///
/// # Errors
/// When the database fails.
pub async fn scores(
    executor: impl PgExecutor<'_>,
    digest: &str,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Score>> {
    sqlx::query_as!(
        Score,
        "select ecosystem, mode, score, chunks, facts from model_scores
         where digest = $1 and scored_at >= $2 and scored_at < $3 and not failed
         order by scored_at desc limit $4",
        digest,
        since,
        until,
        MOST_SCORES,
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("read the scores of the model {digest}"))
}
