//! `lockgate model list --moves`: who moved which model, and why.

use super::{Ready, short};
use crate::cli::{minute, print};
use anyhow::Result;
use lockgate_store::models::{self, Move, Place};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The latest ones; nobody moves models by the hour.
const MOST: i64 = 100;

pub(super) async fn run(ready: &Ready, json: bool) -> Result<ExitCode> {
    let moves = models::moves(ready.store().pool(), MOST).await?;
    match json {
        true => print(&format!("{}\n", Value::from(moves.iter().map(object).collect::<Vec<_>>())))?,
        false => print(&moves.iter().map(line).collect::<String>())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn line(moved: &Move) -> String {
    let what = match (moved.place, moved.rolled_back) {
        (Some(Place::Canary { share }), _) => format!("canary for {share}%"),
        (Some(place), false) => place.name().to_owned(),
        (Some(place), true) => format!("{} again", place.name()),
        (None, false) => "asked no longer".to_owned(),
        (None, true) => "taken back".to_owned(),
    };
    let replaced = moved.replaced.as_deref().map_or_else(String::new, |other| format!(" for {}", short(other)));
    format!(
        "{}  {}  {what}{replaced}, by {}: {}\n",
        minute(moved.moved_at),
        short(&moved.digest),
        moved.moved_by,
        moved.reason
    )
}

fn object(moved: &Move) -> Value {
    let share = match moved.place {
        Some(Place::Canary { share }) => Some(share),
        _ => None,
    };
    json!({
        "digest": moved.digest,
        "place": moved.place.map(Place::name),
        "share": share,
        "replaced": moved.replaced,
        "rolled_back": moved.rolled_back,
        "moved_by": moved.moved_by,
        "moved_at": moved.moved_at,
        "reason": moved.reason,
    })
}
