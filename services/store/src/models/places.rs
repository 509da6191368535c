//! Where models stand. Every change takes one lock, so that two people, or two servers that see the same fault, act one
//! after the other.

use super::moves::{self, NewMove};
use crate::{Result, StoreError, error::Doing};
use sqlx::{PgConnection, PgExecutor};

/// Held until the transaction ends.
const PLACES_LOCK: i64 = 0x6d6f_6465_6c73_0000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It decides; one does at most.
    Active,
    /// It decides for `share` percent of the repositories, 1 to 99; one does at most.
    Canary { share: u8 },
    /// It is asked as well, and decides nothing.
    Shadow,
}

impl Place {
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Canary { .. } => "canary",
            Self::Shadow => "shadow",
        }
    }

    pub(super) fn share(self) -> Option<i16> {
        match self {
            Self::Canary { share } => Some(share.into()),
            Self::Active | Self::Shadow => None,
        }
    }

    pub(super) fn read(digest: &str, name: &str, share: Option<i16>) -> Result<Self> {
        match (name, share.map(u8::try_from)) {
            ("active", None) => Ok(Self::Active),
            ("canary", Some(Ok(share))) => Ok(Self::Canary { share }),
            ("shadow", None) => Ok(Self::Shadow),
            _ => Err(StoreError::unreadable(format!("the place of the model {digest}"), format!("{name} is none"))),
        }
    }

    /// Whether only one model stands there.
    fn is_exclusive(self) -> bool {
        !matches!(self, Self::Shadow)
    }
}

/// Every model that stands somewhere, the active one first.
///
/// # Errors
/// When the database fails.
pub async fn placed(executor: impl PgExecutor<'_>) -> Result<Vec<(String, Place)>> {
    let rows = sqlx::query!("select digest, place, share from model_places order by place, since, digest")
        .fetch_all(executor)
        .await
        .doing(|| "read where the models stand".to_owned())?;
    let read = rows.into_iter().map(|row| Ok((Place::read(&row.digest, &row.place, row.share)?, row.digest)));
    read.map(|row| row.map(|(place, digest)| (digest, place))).collect()
}

/// Makes a model stand in a place. It leaves the one where it stood, and so does what stood in a place for one alone.
/// Nothing happens when it stands there already.
///
/// # Errors
/// [`StoreError::Refused`] when no such model is kept, and when no model would be active; else when the database fails.
pub async fn put(
    connection: &mut PgConnection,
    digest: &str,
    place: Place,
    moved_by: &str,
    reason: &str,
) -> Result<()> {
    lock(&mut *connection).await?;
    let standing = placed(&mut *connection).await?;
    let current = standing.iter().find(|(other, _)| other == digest).map(|(_, place)| *place);
    if current == Some(place) {
        return Ok(());
    }
    let refused = |why: &str| StoreError::Refused {
        doing: format!("make the model {digest} {}", place.name()),
        why: why.to_owned(),
    };
    if current == Some(Place::Active) {
        return Err(refused("it is the active one; promote another model first, or roll back"));
    }
    if place.name() == "canary" && !standing.iter().any(|(_, place)| *place == Place::Active) {
        return Err(refused("no model is active, so there is nothing to take a share of; promote one first"));
    }
    if !is_kept(&mut *connection, digest).await? {
        return Err(refused("no such model is kept; `lockgate model add FILE` keeps one"));
    }
    let replaced = standing.iter().find(|(other, at)| replaces(place, *at) && other != digest).map(|(other, _)| other);
    let note = NewMove {
        digest,
        place: Some(place),
        replaced: replaced.map(String::as_str),
        rolled_back: false,
        moved_by,
        reason,
    };
    stand(connection, &note).await
}

/// Takes a canary or a shadow from its place. Whether it stood in one.
///
/// # Errors
/// [`StoreError::Refused`] when it is the active model; else when the database fails.
pub async fn withdraw(connection: &mut PgConnection, digest: &str, moved_by: &str, reason: &str) -> Result<bool> {
    lock(&mut *connection).await?;
    let standing = placed(&mut *connection).await?;
    match standing.iter().find(|(other, _)| other == digest) {
        None => Ok(false),
        Some((_, Place::Active)) => Err(StoreError::Refused {
            doing: format!("withdraw the model {digest}"),
            why: "it is the active one; promote another model, or roll back".to_owned(),
        }),
        Some(_) => {
            let note = NewMove { digest, place: None, replaced: None, rolled_back: false, moved_by, reason };
            stand(connection, &note).await?;
            Ok(true)
        }
    }
}

fn replaces(place: Place, other: Place) -> bool {
    place.is_exclusive() && place.name() == other.name()
}

/// Other changes of places wait for this transaction's end.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock($1)::text as "locked""#, PLACES_LOCK)
        .fetch_one(connection)
        .await
        .doing(|| "wait for other changes of the models' places".to_owned())?;
    Ok(())
}

/// Does what a move says, and notes it.
pub(super) async fn stand(connection: &mut PgConnection, new: &NewMove<'_>) -> Result<()> {
    let doing = || format!("move the model {}", new.digest);
    sqlx::query!("delete from model_places where digest = $1 or digest = $2", new.digest, new.replaced)
        .execute(&mut *connection)
        .await
        .doing(doing)?;
    if let Some(place) = new.place {
        sqlx::query!(
            "insert into model_places (digest, place, share) values ($1, $2, $3)",
            new.digest,
            place.name(),
            place.share(),
        )
        .execute(&mut *connection)
        .await
        .doing(doing)?;
    }
    moves::append(connection, new).await
}

async fn is_kept(executor: impl PgExecutor<'_>, digest: &str) -> Result<bool> {
    sqlx::query_scalar!(r#"select exists(select from models where digest = $1) as "kept!""#, digest)
        .fetch_one(executor)
        .await
        .doing(|| format!("look for the model {digest}"))
}
