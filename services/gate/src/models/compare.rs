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
