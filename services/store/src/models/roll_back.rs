//! Back to the model that decided before.

use super::{
    Place,
    moves::NewMove,
    places::{lock, placed, stand},
};
use crate::{Result, error::Doing};
use sqlx::PgConnection;

/// What a roll-back did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// The model that failed; it stands nowhere now.
    pub from: String,
    /// The model that decides in its place.
    pub to: Option<String>,
}

/// Takes a failing model from its place: the canary, whose share goes back to the active model, or, where there is none,
/// the active model, for which the one comes back that was active before it. Nobody comes back who was itself rolled
/// back from since. `only_if`: that model and no other, so that two servers that see the same fault act once.
/// `None`: nothing was done, for that model decides nothing any more or there is nothing to go back to.
///
/// # Errors
/// When the database fails.
pub async fn roll_back(
    connection: &mut PgConnection,
    only_if: Option<&str>,
    moved_by: &str,
    reason: &str,
) -> Result<Option<RolledBack>> {
    lock(&mut *connection).await?;
    let standing = placed(&mut *connection).await?;
    let meant = |digest: &str| only_if.is_none_or(|only| only == digest);
    let decides = |canary: bool| {
        let stands = move |place: Place| if canary { place.name() == "canary" } else { place == Place::Active };
        standing.iter().find(|(_, place)| stands(*place)).map(|(digest, _)| digest.as_str())
    };
    let (active, canary) = (decides(false), decides(true));
    if let Some(from) = canary.filter(|canary| meant(canary)) {
        let note = NewMove { digest: from, place: None, replaced: None, rolled_back: true, moved_by, reason };
        stand(connection, &note).await?;
        return Ok(Some(RolledBack { from: from.to_owned(), to: active.map(str::to_owned) }));
    }
    let Some(from) = active.filter(|active| meant(active)) else { return Ok(None) };
    let before = history(&mut *connection).await?;
    let Some(to) = predecessor(&before, from) else { return Ok(None) };
    let place = Some(Place::Active);
    let note = NewMove { digest: to, place, replaced: Some(from), rolled_back: true, moved_by, reason };
    stand(connection, &note).await?;
    Ok(Some(RolledBack { from: from.to_owned(), to: Some(to.to_owned()) }))
}

/// What matters of a move here.
#[derive(Debug)]
enum Past {
    BecameActive(String),
    RolledBackFrom(String),
}

/// Oldest first.
async fn history(connection: &mut PgConnection) -> Result<Vec<Past>> {
    let rows = sqlx::query!(
        r#"select case when rolled_back then coalesce(replaced, digest) else digest end as "digest!", rolled_back
           from model_moves where place = 'active' or rolled_back order by id"#
    )
    .fetch_all(connection)
    .await
    .doing(|| "read which models were active".to_owned())?;
    let past = |rolled_back| if rolled_back { Past::RolledBackFrom } else { Past::BecameActive };
    Ok(rows.into_iter().map(|row| past(row.rolled_back)(row.digest)).collect())
}

/// The model that was active before `current`, those left out that were rolled back from afterwards.
fn predecessor<'a>(history: &'a [Past], current: &str) -> Option<&'a str> {
    let mut line: Vec<&str> = Vec::new();
    for past in history {
        match past {
            Past::BecameActive(digest) => line.push(digest),
            Past::RolledBackFrom(failed) => line.retain(|digest| digest != failed),
        }
    }
    line.into_iter().rev().find(|digest| *digest != current)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a`: became active; `-a`: was rolled back from.
    fn back_from(current: &str, history: &str) -> Option<String> {
        let past = |word: &str| match word.strip_prefix('-') {
            Some(failed) => Past::RolledBackFrom(failed.to_owned()),
            None => Past::BecameActive(word.to_owned()),
        };
        let history: Vec<Past> = history.split_whitespace().map(past).collect();
        predecessor(&history, current).map(str::to_owned)
    }

    #[test]
    fn who_was_active_before_comes_back_and_who_failed_does_not() {
        for (current, history, back) in [
            ("a", "a", None),
            ("b", "a b", Some("a")),
            ("a", "a b -b", None),
            ("c", "a b -b c", Some("a")),
            ("c", "a b c", Some("b")),
            ("b", "a b c -c", Some("a")),
            ("a", "a b a", Some("b")),
            ("b", "a b a -a", None),
            // It failed as a canary.
            ("b", "a b -a", None),
            // It was mended in the meantime: promoted again, it counts again.
            ("c", "a b -b b c", Some("b")),
        ] {
            assert_eq!(back_from(current, history).as_deref(), back, "from {current} after {history}");
        }
    }
}
