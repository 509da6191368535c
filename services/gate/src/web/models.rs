//! The page of the models: which score releases, what each was made of, how it does, and who moved it.

use super::{
    AppState,
    answers::{self, Audience, page},
    auth::{Authorized, SignedIn},
    pages::time,
};
use anyhow::Result;
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{TimeDelta, Utc};
use lockgate_store::models::{self, Drift, Model, Move, Place, Window};
use serde_json::Value;

/// Moves on the page.
const MOVES: i64 = 50;
/// Hours over which a model's answers are counted.
const HOURS: i64 = 24;
/// Days of drift on the page.
const DAYS: i64 = 7;
/// Over this, what comes in is no longer what the model was measured on (population stability index).
const MOVED: f64 = 0.25;

#[derive(Template)]
#[template(path = "models.html")]
struct ModelsPage {
    signed_in: Option<SignedIn>,
    models: Vec<Shown>,
    drift: Vec<Drift>,
    moves: Vec<Move>,
}

/// A model, in words.
struct Shown {
    digest: String,
    place: String,
    since: String,
    added: String,
    made: Vec<(&'static str, String)>,
    /// Ecosystem, and what the card says it was measured to do.
    metrics: Vec<(String, String)>,
    quality: Vec<(String, String)>,
    /// `None` of a model that nobody asks.
    window: Option<Window>,
}

/// Words for the page.
impl ModelsPage {
    fn short<'a>(&self, digest: &'a str) -> &'a str {
        digest.get(..12).unwrap_or(digest)
    }

    fn time(&self, at: &chrono::DateTime<Utc>) -> String {
        time(*at)
    }

    fn milliseconds(&self, micros: &f64) -> String {
        format!("{:.0} ms", micros / 1000.0)
    }

    fn moved(&self, drift: &Drift) -> bool {
        drift.psi > MOVED
    }

    fn whereto(&self, step: &Move) -> String {
        match step.place {
            Some(place) => self::place(place),
            None => "nowhere".to_owned(),
        }
    }
}

pub(super) async fn show(State(state): State<AppState>, asking: Authorized) -> Response {
    match read(&state, &asking).await {
        Ok(template) => page(StatusCode::OK, &template),
        Err(error) => answers::failed(Audience::People, &error),
    }
}

async fn read(state: &AppState, asking: &Authorized) -> Result<ModelsPage> {
    let mut reading = state.context.store.reading(&asking.scope).await?;
    let (mut shown, mut drift) = (vec![], vec![]);
    for model in models::list(&mut *reading).await? {
        let since = Utc::now() - TimeDelta::hours(HOURS);
        let window = match model.place {
            Some(_) => Some(models::window(&mut *reading, &model.digest, since).await?),
            None => None,
        };
        if model.place == Some(Place::Active) {
            let first = (Utc::now() - TimeDelta::days(DAYS)).date_naive();
            drift = models::drift(&mut *reading, &model.digest, first).await?;
            drift.reverse();
        }
        shown.push(Shown::of(model, window));
    }
    let moves = models::moves(&mut *reading, MOVES).await?;
    Ok(ModelsPage { signed_in: asking.signed_in.clone(), models: shown, drift, moves })
}

impl Shown {
    fn of(model: Model, window: Option<Window>) -> Self {
        let card = &model.card;
        let made = [
            ("Data set", "dataset"),
            ("Code", "revision"),
            ("Features", "features"),
            ("Steps", "steps"),
            ("Seed", "seed"),
            ("Precision", "precision"),
        ];
        let made = made.into_iter().filter_map(|(name, key)| Some((name, word(card.get(key)?))));
        Self {
            made: made.collect(),
            metrics: entries(&card["metrics"]),
            quality: entries(&card["quality"]),
            place: model.place.map(place).unwrap_or_default(),
            since: model.since.map(time).unwrap_or_default(),
            added: format!("{} by {}", time(model.added_at), model.added_by),
            digest: model.digest,
            window,
        }
    }
}

fn place(place: Place) -> String {
    match place {
        Place::Canary { share } => format!("canary, {share}% of the repositories"),
        place => place.name().to_owned(),
    }
}

/// Of an object its names and values, by name; whatever else it is has none.
fn entries(value: &Value) -> Vec<(String, String)> {
    let entries = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let mut entries: Vec<_> = entries.map(|(name, value)| (name.clone(), word(value))).collect();
    entries.sort();
    entries
}

/// A card is JSON of any shape: its makers name what they measured.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(parts) if parts.is_empty() => "none".to_owned(),
        Value::Object(_) => {
            entries(value).into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(" · ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_card_of_any_shape_is_shown() {
        let found =
            entries(&json!({"pypi": {"recall": 0.8588, "benign": 2132}, "drift": null, "rows": {}, "name": "x"}));
        let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, [("name", "x"), ("pypi", "benign: 2132 · recall: 0.8588"), ("rows", "none")]);
        assert!(entries(&json!("no object")).is_empty());
    }
}
