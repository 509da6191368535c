//! What a model says of a difference, and which places made it say so.

use crate::{Composition, Mode};
use serde::{Deserialize, Serialize};

/// The score of a difference that adds nothing: below what a model answers.
pub const NOTHING_ADDED: f64 = -100.0;

/// The numbers have four decimals: the last digits of a sum of floats hang on what else was in the run, and an answer
/// that is kept as evidence must not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// A logit; comparable within a model, an ecosystem and a mode. `None` where a model cannot answer: the difference
    /// adds only what is no text. Where it adds nothing, [`NOTHING_ADDED`].
    pub score: Option<f64>,
    /// Of malice, 0 to 1, as the model is calibrated for the ecosystem and the mode. `None` when the score is.
    pub probability: Option<f64>,
    pub mode: Mode,
    /// The score from which the model's makers would look, for the ecosystem and the mode.
    pub threshold: f64,
    /// SHA-256 of the model, as hex.
    pub model: String,
    /// What the difference seems to do: more likely than not.
    pub behaviours: Vec<Behaviour>,
    /// The places that raise the score, the strongest first; at most five.
    pub hunks: Vec<Cause>,
    /// `None` when there is no score, or the model makes it otherwise.
    pub composition: Option<Composition>,
    pub provider: Provider,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Behaviour {
    pub name: String,
    /// Above 0.5.
    pub probability: f64,
}

/// A place without which the score would be lower.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// As in the archive.
    pub file: String,
    /// 1-based lines of the new file.
    pub first_line: u32,
    pub last_line: u32,
    /// Its part, 0 to 1, of what the score falls by when the places are taken out one after the other.
    pub share: f64,
    /// The score without it alone; `None` where nothing would be left to score.
    pub without: Option<f64>,
}

/// Where the model was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provider {
    #[serde(rename = "CPU")]
    Cpu,
    #[serde(rename = "CUDA")]
    Cuda,
}

pub(crate) fn rounded(number: f64) -> f64 {
    // `+ 0.0` makes a zero of a negative zero.
    (number * 1e4).round() / 1e4 + 0.0
}
