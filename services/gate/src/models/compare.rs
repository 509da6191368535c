//! What a model said, beside what its card says that it says of benign releases.

use super::{drift, limits::Moved};
use lockgate_classifier::{Card, Ecosystem, Mode};
use lockgate_store::models::Score;

/// In the database's words.
pub(crate) fn ecosystem(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Npm => "npm",
        Ecosystem::Pypi => "pypi",
        Ecosystem::Cargo => "cargo",
    }
}

/// What was said of the releases of one ecosystem and mode. What adds no text is left out, as it is from what a card says.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) score: Vec<f64>,
    pub(crate) chunks: Vec<f64>,
    pub(crate) facts: Vec<i16>,
}

impl Part {
    pub(crate) fn of(scores: &[Score], of: Ecosystem, mode: Mode) -> Self {
        let (ecosystem, mode) = (ecosystem(of), mode.to_string());
        let mut part = Self::default();
        for said in scores.iter().filter(|said| said.ecosystem == ecosystem && said.mode == mode && said.chunks > 0) {
            part.score.extend(said.score);
            part.chunks.push(f64::from(said.chunks));
            part.facts.push(said.facts);
        }
        part
    }
}

/// Every ecosystem with every mode.
pub(crate) fn parts() -> impl Iterator<Item = (Ecosystem, Mode)> {
    let ecosystems = [Ecosystem::Npm, Ecosystem::Pypi, Ecosystem::Cargo];
    ecosystems.into_iter().flat_map(|ecosystem| [Mode::New, Mode::Update].map(|mode| (ecosystem, mode)))
}

/// How far the first model's scores moved, seen beside the other's; where there are enough of both.
pub(crate) fn moved(mine: (&Card, &[Score]), other: (&Card, &[Score])) -> Vec<Moved> {
    let moved = |(of, mode): (Ecosystem, Mode)| {
        let (my_card, its_card) = (mine.0.reference(of, mode)?, other.0.reference(of, mode)?);
        let (mine, other) = (Part::of(mine.1, of, mode).score, Part::of(other.1, of, mode).score);
        Some(Moved {
            ecosystem: ecosystem(of).to_owned(),
            mode: mode.to_string(),
            from_reference: drift::psi_by_deciles(&my_card.score, &mine)?,
            from_other: drift::psi_between((&my_card.score, &mine), (&its_card.score, &other))?,
        })
    };
    parts().filter_map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Of a model that gives benign updates from npm every score from 0 to 100 times `scale`.
    fn card(scale: i32) -> Card {
        let each = |value: serde_json::Value| {
            let modes = json!({ "new": value, "update": value });
            json!({ "npm": modes, "pypi": modes, "cargo": modes })
        };
        let tenths: Vec<i32> = (1..10).map(|tenth| tenth * 10 * scale).collect();
        let reference = json!({ "rows": 1000, "score": tenths, "chunks": tenths, "facts": vec![0.0; 8] });
        let card = json!({
            "features": 2, "behaviours": [], "calibration": each(json!([1.0, 0.0])), "threshold": each(json!(0.0)),
            "dataset": "d", "revision": "r", "reference": { "npm": { "update": reference } },
        });
        serde_json::from_value(card).expect("a card")
    }

    /// 200 updates, whose scores are spread over `to` hundredths of the card's, and releases of other kinds.
    fn scores(scale: i32, to: i32) -> Vec<Score> {
        let row = |ecosystem: &str, mode: &str, chunks, number: i32| Score {
            ecosystem: ecosystem.to_owned(),
            mode: mode.to_owned(),
            score: Some(f64::from(scale * (number % to)) + 0.5),
            chunks,
            facts: 0,
        };
        let updates = (0..200).map(|number| row("npm", "update", 1, number));
        let others = (0..200).flat_map(|number| [row("pypi", "update", 1, 0), row("npm", "update", 0, number % 2)]);
        updates.chain(others).collect()
    }

    fn distances(mine: &[Score], other: &[Score]) -> Vec<(String, String, bool, bool)> {
        let moved = moved((&card(1), mine), (&card(3), other)).into_iter();
        moved.map(|m| (m.ecosystem, m.mode, m.from_reference > 0.5, m.from_other > 0.5)).collect()
    }

    #[test]
    fn only_who_moved_alone_moved_from_both() {
        let told = |from_reference, from_other| vec![("npm".into(), "update".into(), from_reference, from_other)];
        assert_eq!(distances(&scores(1, 100), &scores(3, 100)), told(false, false));
        // It calls everything harmless.
        assert_eq!(distances(&scores(1, 30), &scores(3, 100)), told(true, true));
        // The releases are others than before.
        assert_eq!(distances(&scores(1, 30), &scores(3, 30)), told(true, false));
        assert_eq!(distances(&scores(1, 100), &[]), []);
    }
}
