//! The models that score releases: kept by digest, each where it stands, how it came there, and what it said.
//!
//! A model's bytes are never changed nor removed, for evidence cites them. Where a model stands changes by [`put`],
//! [`withdraw`] and [`roll_back`] alone, each of which leaves a row that says who did it and why.

mod drift;
mod moves;
mod places;
mod roll_back;
mod scores;

pub use drift::{Drift, drift, note_drift};
pub use moves::{Move, moves};
pub use places::{Place, placed, put, withdraw};
pub use roll_back::{RolledBack, roll_back};
pub use scores::{NewScore, Score, Window, note, scores, window};

use crate::{Result, error::Doing, json};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgExecutor;

/// A model that is kept, without its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// SHA-256 of its bytes, 64 hex digits.
    pub digest: String,
    /// What it says of itself.
    pub card: Value,
    pub added_by: String,
    pub added_at: DateTime<Utc>,
    /// `None`: it is kept and not asked.
    pub place: Option<Place>,
    /// Since when it stands there.
    pub since: Option<DateTime<Utc>>,
}

/// Keeps a model; it stands nowhere yet. Whether it is new: `false` when it was kept already.
///
/// # Errors
/// When the bytes are not those of the digest or more than 20 MiB, or the database fails.
pub async fn add(
    executor: impl PgExecutor<'_>,
    digest: &str,
    onnx: &[u8],
    card: &Value,
    added_by: &str,
) -> Result<bool> {
    let doing = || format!("keep the model {digest}");
    let added = sqlx::query!(
        "insert into models (digest, onnx, card, added_by) values ($1, $2, $3::text::json, $4) on conflict do nothing",
        digest,
        onnx,
        json::to_text(doing, card)?,
        added_by,
    )
    .execute(executor)
    .await
    .doing(doing)?;
    Ok(added.rows_affected() == 1)
}

/// Every model: those that stand somewhere first, the active one before all, then the newest.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn list(executor: impl PgExecutor<'_>) -> Result<Vec<Model>> {
    let rows = sqlx::query!(
        r#"select m.digest, m.card::text as "card!", m.added_by, m.added_at, p.place as "place?", p.share,
                  p.since as "since?"
           from models m left join model_places p using (digest)
           order by array_position(array['active', 'canary', 'shadow'], p.place), m.added_at desc, m.digest"#
    )
    .fetch_all(executor)
    .await
    .doing(|| "list the models".to_owned())?;
    let read = rows.into_iter().map(|row| {
        let card = json::from_text(|| format!("the card of the model {}", row.digest), &row.card)?;
        let place = row.place.map(|name| Place::read(&row.digest, &name, row.share)).transpose()?;
        Ok(Model { digest: row.digest, card, added_by: row.added_by, added_at: row.added_at, place, since: row.since })
    });
    read.collect()
}

/// The bytes of a model.
///
/// # Errors
/// When the database fails.
pub async fn onnx(executor: impl PgExecutor<'_>, digest: &str) -> Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("select onnx from models where digest = $1", digest)
        .fetch_optional(executor)
        .await
        .doing(|| format!("load the model {digest}"))
}
