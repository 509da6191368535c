//! `lockgate model list`: what is kept, those that are asked first.

use super::{Ready, short};
use crate::cli::{minute, print};
use anyhow::Result;
use lockgate_store::models::{self, Model, Place};
use serde_json::{Value, json};
use std::process::ExitCode;

pub(super) async fn run(ready: &Ready, json: bool) -> Result<ExitCode> {
    let kept = models::list(ready.store().pool()).await?;
    match json {
        true => print(&format!("{}\n", Value::from(kept.iter().map(object).collect::<Vec<_>>())))?,
        false => print(&kept.iter().map(line).collect::<String>())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn line(model: &Model) -> String {
    let place = match model.place {
        None => "-".to_owned(),
        Some(Place::Canary { share }) => format!("canary {share}%"),
        Some(place) => place.name().to_owned(),
    };
    let since = model.since.map_or_else(String::new, |since| format!(", since {}", minute(since)));
    let said = |key: &str| model.card.get(key).and_then(Value::as_str).unwrap_or("unknown").to_owned();
    format!(
        "{place:<10} {}  revision {}, added {} by {}{since}\n",
        short(&model.digest),
        short(&said("revision")),
        minute(model.added_at),
        model.added_by,
    )
}

fn object(model: &Model) -> Value {
    let share = match model.place {
        Some(Place::Canary { share }) => Some(share),
        _ => None,
    };
    json!({
        "digest": model.digest,
        "place": model.place.map(Place::name),
        "share": share,
        "since": model.since,
        "added_by": model.added_by,
        "added_at": model.added_at,
        "card": model.card,
    })
}
