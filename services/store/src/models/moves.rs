//! Who moved which model, and why.

use super::Place;
use crate::{Result, error::Doing};
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// A change of a model's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub digest: String,
    /// `None`: it left the place where it stood.
    pub place: Option<Place>,
    /// The model that stood there until then.
    pub replaced: Option<String>,
    /// `replaced` failed, and gave the place back; or this model did, and left.
    pub rolled_back: bool,
    /// `cli:uid-1000`, or the part of the server that did it.
    pub moved_by: String,
    pub reason: String,
    pub moved_at: DateTime<Utc>,
}

pub(super) struct NewMove<'a> {
    pub(super) digest: &'a str,
    pub(super) place: Option<Place>,
    pub(super) replaced: Option<&'a str>,
    pub(super) rolled_back: bool,
    pub(super) moved_by: &'a str,
    pub(super) reason: &'a str,
}

pub(super) async fn append(executor: impl PgExecutor<'_>, new: &NewMove<'_>) -> Result<()> {
    sqlx::query!(
        "insert into model_moves (digest, place, share, replaced, rolled_back, moved_by, reason)
         values ($1, $2, $3, $4, $5, $6, $7)",
        new.digest,
        new.place.map(Place::name),
        new.place.and_then(Place::share),
        new.replaced,
        new.rolled_back,
        new.moved_by,
        new.reason,
    )
    .execute(executor)
    .await
    .doing(|| format!("note that the model {} moved", new.digest))?;
    Ok(())
}

/// The latest moves, at most `most`, the newest first.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn moves(executor: impl PgExecutor<'_>, most: i64) -> Result<Vec<Move>> {
    let rows = sqlx::query!(
        "select digest, place, share, replaced, rolled_back, moved_by, reason, moved_at
         from model_moves order by id desc limit $1",
        most
    )
    .fetch_all(executor)
    .await
    .doing(|| "read how the models moved".to_owned())?;
    let read = rows.into_iter().map(|row| {
        let place = row.place.map(|name| Place::read(&row.digest, &name, row.share)).transpose()?;
        Ok(Move {
            digest: row.digest,
            place,
            replaced: row.replaced,
            rolled_back: row.rolled_back,
            moved_by: row.moved_by,
            reason: row.reason,
            moved_at: row.moved_at,
        })
    });
    read.collect()
}
