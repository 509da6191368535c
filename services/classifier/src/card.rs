//! What a model says about itself: JSON under the key `lockgate` of its metadata, written by the training.

use crate::{Ecosystem, Error, Mode, VERSION};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The key of the metadata.
pub(crate) const KEY: &str = "lockgate";
/// What a model tells apart.
pub(crate) const BEHAVIOURS: usize = 8;

/// Where a model comes from and how its scores are to be read.
#[derive(Debug, Clone, Deserialize)]
pub struct Card {
    /// The version of the features that it was trained on.
    pub features: u32,
    /// The names of the output `behaviours`, in its order.
    pub behaviours: Vec<String>,
    /// Slope and offset: probability = sigmoid(slope * score + offset).
    calibration: Each<(f64, f64)>,
    /// The score from which its makers would look.
    threshold: Each<f64>,
    /// `sha256:` and the digest of the set that it was trained on.
    pub dataset: String,
    /// Of the code that trained it.
    pub revision: String,
    /// What it was measured to do, as the training names it.
    #[serde(default)]
    pub metrics: Map<String, Value>,
    /// What was found out about its data, as the training names it.
    #[serde(default)]
    pub quality: Map<String, Value>,
    #[serde(default)]
    reference: BTreeMap<Ecosystem, BTreeMap<Mode, Reference>>,
}

/// What benign releases, which the model had not seen, looked like to it. What comes in later is compared with it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Reference {
    /// Of how many.
    pub rows: u64,
    /// Nine deciles.
    pub score: [f64; 9],
    /// Nine deciles of how many chunks there are.
    pub chunks: [f64; 9],
    /// How often each fact holds, 0 to 1, by [`crate::Fact::number`].
    pub facts: [f64; 8],
}

/// One for each ecosystem and mode; none may be missing.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Each<T> {
    npm: Modes<T>,
    pypi: Modes<T>,
    cargo: Modes<T>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Modes<T> {
    new: T,
    update: T,
}

impl<T: Copy> Each<T> {
    fn of(&self, ecosystem: Ecosystem, mode: Mode) -> T {
        let modes = match ecosystem {
            Ecosystem::Npm => &self.npm,
            Ecosystem::Pypi => &self.pypi,
            Ecosystem::Cargo => &self.cargo,
        };
        match mode {
            Mode::New => modes.new,
            Mode::Update => modes.update,
        }
    }

    fn all(&self) -> [T; 6] {
        let Self { npm, pypi, cargo } = self;
        [npm.new, npm.update, pypi.new, pypi.update, cargo.new, cargo.update]
    }
}

impl Card {
    /// Reads `text` of the model named `model`, and refuses what this extractor or a reader of scores cannot use.
    pub(crate) fn parse(model: &str, text: &str) -> Result<Self, Error> {
        let bad = |cause: String| Error::BadModel { model: model.to_owned(), cause };
        // The version first: of another one, the rest may be anything.
        let features = serde_json::from_str::<Value>(text).ok().and_then(|card| card.get("features")?.as_u64());
        let found = features.and_then(|found| u32::try_from(found).ok());
        if let Some(found) = found.filter(|found| *found != VERSION) {
            return Err(Error::OtherFeatures { model: model.to_owned(), found, wanted: VERSION });
        }
        let card: Self = serde_json::from_str(text).map_err(|error| bad(format!("its card is not ours ({error})")))?;
        if card.behaviours.len() != BEHAVIOURS {
            return Err(bad(format!("its card names {} behaviours instead of {BEHAVIOURS}", card.behaviours.len())));
        }
        // A slope that is not above zero would call the worst the most harmless.
        let sound = |(slope, offset): &(f64, f64)| slope.is_finite() && *slope > 0.0 && offset.is_finite();
        if !card.calibration.all().iter().all(sound) || !card.threshold.all().iter().all(|t| t.is_finite()) {
            return Err(bad("a slope of its calibration is not above zero, or a number not finite".into()));
        }
        Ok(card)
    }

    /// Slope and offset.
    pub(crate) fn calibration(&self, ecosystem: Ecosystem, mode: Mode) -> (f64, f64) {
        self.calibration.of(ecosystem, mode)
    }

    /// Of malice.
    pub(crate) fn probability(&self, ecosystem: Ecosystem, mode: Mode, score: f64) -> f64 {
        let (slope, offset) = self.calibration(ecosystem, mode);
        sigmoid(slope * score + offset)
    }

    /// `None` of a model that was made without.
    pub fn reference(&self, ecosystem: Ecosystem, mode: Mode) -> Option<&Reference> {
        self.reference.get(&ecosystem)?.get(&mode)
    }

    pub(crate) fn threshold(&self, ecosystem: Ecosystem, mode: Mode) -> f64 {
        self.threshold.of(ecosystem, mode)
    }
}

pub(crate) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
