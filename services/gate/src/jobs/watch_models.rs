//! Periodic job: a model that does what none may is taken back, and the one before it decides again.
//!
//! Looked at are the canary, and an active model that is young and took another's place. What came back by a roll-back is
//! not: it is what there is to go back to, and a fault that it shows too is of the machine, not of a model; going back
//! further and further would mend nothing.

use super::{
    Context,
    ended::{Ended, Holding},
};
use crate::models::{
    Models, compare,
    limits::{self, Moved, Reason},
};
use anyhow::Result;
use chrono::{DateTime, Utc};
use lockgate_store::{
    PgPool,
    models::{self, Model, Move, Place},
};
use std::sync::Arc;

/// Who moved it, as the moves say.
const BY: &str = "automatic";
/// Moves that are read, at most: in one of them the active model took its place.
const MOVES: i64 = 1000;

pub(crate) async fn run(context: &Arc<Context>, holding: &Holding) -> Result<Ended> {
    if let Some(running) = &context.models {
        let mut deciding = models::list(context.store.pool()).await?;
        deciding.retain(|model| matches!(model.place, Some(Place::Active | Place::Canary { .. })));
        for model in suspects(context.store.pool(), &deciding).await? {
            let other = deciding.iter().find(|other| other.digest != model.digest);
            if let Some(reason) = reason(context, running, model, other).await? {
                take_back(context, running, model, &reason).await?;
            }
        }
    }
    holding.finish(&context.store).await
}

async fn suspects<'a>(pool: &PgPool, deciding: &'a [Model]) -> Result<Vec<&'a Model>> {
    let moves = models::moves(pool, MOVES).await?;
    let is_suspect = |model: &&Model| {
        let is_young = model.since.is_some_and(|since| Utc::now() - since < limits::YOUNG);
        model.place != Some(Place::Active) || is_young && replaced_another(&moves, &model.digest)
    };
    Ok(deciding.iter().filter(is_suspect).collect())
}

/// Whether the model took its place from another, other than by coming back. `moves`: newest first.
fn replaced_another(moves: &[Move], active: &str) -> bool {
    let came = moves.iter().find(|moved| moved.digest == active && moved.place == Some(Place::Active));
    came.is_some_and(|came| came.replaced.is_some() && !came.rolled_back)
}

/// `other`: the other one that decides.
async fn reason(context: &Context, running: &Models, model: &Model, other: Option<&Model>) -> Result<Option<Reason>> {
    let pool = context.store.pool();
    let until = Utc::now();
    // What it said as a shadow was said beside others' work, and decided nothing.
    let since = model.since.map_or(until - limits::WINDOW, |since| since.max(until - limits::WINDOW));
    let window = models::window(pool, &model.digest, since).await?;
    let beside = match other {
        Some(other) => Some(models::window(pool, &other.digest, since).await?),
        None => None,
    };
    let moved = moved(pool, running, &model.digest, since, until).await?;
    Ok(limits::judge(&window, beside.as_ref(), &moved, &context.config.classifier.limits()))
}

/// Its scores, beside those of each other model that stands somewhere.
async fn moved(
    pool: &PgPool,
    running: &Models,
    digest: &str,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Moved>> {
    let standing = running.standing();
    let cards = |other: bool| {
        let chosen = standing.iter().filter(move |model| (model.digest != digest) == other);
        chosen.filter_map(|model| Some((model.digest.as_str(), Arc::clone(&model.running.as_ref().ok()?.card))))
    };
    let Some((_, card)) = cards(false).next() else { return Ok(Vec::new()) };
    let scores = models::scores(pool, digest, since, until).await?;
    let mut moved = Vec::new();
    for (other, its_card) in cards(true) {
        let its_scores = models::scores(pool, other, since, until).await?;
        moved.extend(compare::moved((&card, &scores), (&its_card, &its_scores)));
    }
    Ok(moved)
}

async fn take_back(context: &Context, running: &Models, model: &Model, reason: &Reason) -> Result<()> {
    let mut transaction = context.store.begin().await?;
    let done = models::roll_back(&mut transaction, Some(&model.digest), BY, &reason.to_string()).await?;
    transaction.commit().await?;
    let Some(done) = done else {
        tracing::error!(model = model.digest, %reason, "the model should be taken back, and there is none to go back to");
        return Ok(());
    };
    metrics::counter!("lockgate_model_rollbacks_total").increment(1);
    tracing::error!(model = done.from, to = done.to, %reason, "the model was taken back");
    running.look().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_took_anothers_place_is_suspected() {
        let moved = |digest: &str, place, replaced: Option<&str>, rolled_back| Move {
            digest: digest.to_owned(),
            place,
            replaced: replaced.map(str::to_owned),
            rolled_back,
            moved_by: "test".to_owned(),
            reason: "test".to_owned(),
            moved_at: Utc::now(),
        };
        let first = moved("a", Some(Place::Active), None, false);
        let second = moved("b", Some(Place::Active), Some("a"), false);
        let back = moved("a", Some(Place::Active), Some("b"), true);
        let shadow = moved("b", Some(Place::Shadow), None, false);
        assert!(!replaced_another(std::slice::from_ref(&first), "a"), "it was the first");
        assert!(replaced_another(&[second.clone(), first.clone()], "b"));
        assert!(!replaced_another(&[back.clone(), second.clone(), first.clone()], "a"), "it came back");
        assert!(replaced_another(&[shadow, second, first], "b"), "other moves do not count");
    }
}
