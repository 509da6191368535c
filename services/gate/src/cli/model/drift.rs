//! `lockgate model drift`: how far what a model sees has moved from what it was measured on, and from what it saw before.

use super::{Ready, kept, short};
use crate::{
    cli::print,
    models::{
        compare::{self, Part},
        drift::{FEWEST, MOVED},
    },
};
use anyhow::{Context, Result};
use chrono::{TimeDelta, Utc};
use lockgate_classifier::Card;
use lockgate_store::models::{self, Place, Score};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// At least six digits of a digest; else the active model.
    digest: Option<String>,
    /// The last days, which are compared.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    days: u16,
    /// The days before those.
    #[arg(long, value_name = "N", default_value_t = 28, value_parser = clap::value_parser!(u16).range(1..))]
    against: u16,
    #[arg(long)]
    json: bool,
}

/// What is printed of an ecosystem, a mode and an input. Population stability indices; null where there are too few rows,
/// or the model's card says nothing of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Figure {
    ecosystem: &'static str,
    mode: String,
    input: &'static str,
    rows: usize,
    rows_before: usize,
    from_reference: Option<f64>,
    from_before: Option<f64>,
    moved: bool,
}

pub(super) async fn run(ready: &Ready, arguments: &Arguments) -> Result<ExitCode> {
    let pool = ready.store().pool();
    let model = match &arguments.digest {
        Some(digits) => kept::find(pool, digits).await?,
        None => {
            let active = models::list(pool).await?.into_iter().find(|model| model.place == Some(Place::Active));
            active.context(
                "no model is active, so none sees anything; start a server with [classifier], or promote one",
            )?
        }
    };
    let card: Card = serde_json::from_value(model.card.clone())
        .with_context(|| format!("read the card of model {}", short(&model.digest)))?;
    let until = Utc::now();
    let since = until - TimeDelta::days(arguments.days.into());
    let before = since - TimeDelta::days(arguments.against.into());
    let now = models::scores(pool, &model.digest, since, until).await?;
    let before = models::scores(pool, &model.digest, before, since).await?;
    let figures = figures(&now, &before, &card);
    match arguments.json {
        true => print(&format!("{}\n", serde_json::json!({ "model": model.digest, "drift": figures })))?,
        false => print(&text(&model.digest, &figures))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn figures(now: &[Score], before: &[Score], card: &Card) -> Vec<Figure> {
    let each = compare::parts().flat_map(|(of, mode)| {
        let (now, before) = (Part::of(now, of, mode), Part::of(before, of, mode));
        let (rows, rows_before) = (now.rows(), before.rows());
        let (reference, earlier) =
            (now.distances(card.reference(of, mode)), now.distances(before.reference().as_ref()));
        reference.into_iter().zip(earlier).map(move |((input, from_reference), (_, from_before))| Figure {
            ecosystem: compare::ecosystem(of),
            mode: mode.to_string(),
            input,
            rows,
            rows_before,
            from_reference,
            from_before,
            moved: [from_reference, from_before].iter().flatten().any(|psi| *psi > MOVED),
        })
    });
    each.filter(|figure| figure.rows > 0).collect()
}

fn text(digest: &str, figures: &[Figure]) -> String {
    if figures.is_empty() {
        return format!("model {} scored nothing in these days\n", short(digest));
    }
    let mut text = format!("model {}: population stability index, from its reference and from before\n", short(digest));
    for figure in figures {
        let shown = |psi: Option<f64>| psi.map_or_else(|| "-".to_owned(), |psi| format!("{psi:.3}"));
        text.push_str(&format!(
            "{:<6} {:<7} {:<7} {:>6} {:>6}  {} of {} rows{}\n",
            figure.ecosystem,
            figure.mode,
            figure.input,
            shown(figure.from_reference),
            shown(figure.from_before),
            figure.rows,
            figure.rows_before,
            if figure.moved { "  moved" } else { "" },
        ));
    }
    let moved = figures.iter().filter(|figure| figure.moved).count();
    text.push_str(&format!("{moved} moved by more than {MOVED}; fewer than {FEWEST} rows have no figure\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn card(reference: serde_json::Value) -> Card {
        let each = |value: serde_json::Value| {
            let modes = json!({ "new": value, "update": value });
            json!({ "npm": modes, "pypi": modes, "cargo": modes })
        };
        let card = json!({
            "features": 2, "behaviours": [], "calibration": each(json!([1.0, 0.0])), "threshold": each(json!(0.0)),
            "dataset": "d", "revision": "r", "reference": { "npm": { "update": reference } },
        });
        serde_json::from_value(card).expect("a card")
    }

    fn scores(ecosystem: &str, rows: i32, from: i32) -> Vec<Score> {
        let row = |n: i32| Score {
            ecosystem: ecosystem.to_owned(),
            mode: "update".to_owned(),
            score: Some(f64::from(from + n % 100)),
            chunks: 1 + n % 9,
            facts: 0,
        };
        (0..rows).map(row).collect()
    }

    #[test]
    fn what_moved_is_told_from_what_did_not_and_from_what_is_not_known() {
        let tenths: Vec<f64> = (1..10).map(|n| f64::from(n * 10)).collect();
        let card = card(json!({
            "rows": 500, "score": tenths, "chunks": [1, 2, 3, 4, 5, 6, 7, 8, 9], "facts": [0, 0, 0, 0, 0, 0, 0, 0.5],
        }));
        let now = [scores("npm", 200, 0), scores("pypi", 200, 60), scores("cargo", 20, 0)].concat();
        let before = [scores("npm", 300, 0), scores("pypi", 300, 0)].concat();
        let figures = figures(&now, &before, &card);
        let of = |ecosystem: &str, input: &str| {
            figures.iter().find(|f| f.ecosystem == ecosystem && f.input == input).expect("a figure")
        };
        assert_eq!(figures.len(), 9);
        assert!(!of("npm", "score").moved && of("npm", "score").from_reference.is_some());
        assert!(of("npm", "facts").from_reference > Some(MOVED) && of("npm", "facts").from_before < Some(0.1));
        assert!(of("npm", "facts").moved, "from what the card says");
        assert_eq!(of("pypi", "score").from_reference, None, "the card says nothing of it");
        assert!(of("pypi", "score").moved && !of("pypi", "chunks").moved);
        let few = of("cargo", "score");
        assert_eq!((few.rows, few.from_before, few.moved), (20, None, false));
        let text = text(&"ab".repeat(32), &figures);
        assert!(text.starts_with("model abababababab:") && text.ends_with("no figure\n"), "{text}");
        assert_eq!(text.lines().filter(|line| line.ends_with("  moved")).count(), 2, "{text}");
    }
}
