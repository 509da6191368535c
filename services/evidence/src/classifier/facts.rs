//! What the classifier said: frozen names, read by policy.

use crate::diff::Mode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of the classifier check. Numbers have four decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassifierFacts {
    pub mode: Mode,
    /// SHA-256 of the model, as hex.
    pub model: String,
    /// `CPU` or `CUDA`.
    pub provider: String,
    /// In the order in which the registry names them.
    pub artifacts: Vec<ArtifactScore>,
}

/// What an artifact adds, scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactScore {
    /// Name of the artifact.
    pub artifact: String,
    /// A logit; `None` where the artifact adds only what is no text.
    pub score: Option<f64>,
    /// Of malice, 0 to 1; `None` when the score is.
    pub probability: Option<f64>,
    /// The score from which the model's makers would look.
    pub threshold: f64,
    /// Those more likely than not.
    pub behaviours: Vec<LikelyBehaviour>,
    /// The strongest first.
    pub hunks: Vec<ScoredHunk>,
    /// What the score is made of, so that it can be asked again without some of the places; `None` where the model makes
    /// it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub composition: Option<Composition>,
}

/// `score = base + largest logit + sum of pooled, weighted by softmax(attention)`, over the places that are kept and the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Composition {
    pub base: f64,
    /// Of each of `hunks`.
    pub hunks: Vec<Part>,
    /// Of everything that is not among `hunks`; `None` when there is nothing else.
    pub rest: Option<Part>,
    /// Slope and offset: `probability = sigmoid(slope * score + offset)`, as if as many releases were malicious as not.
    pub calibration: (f64, f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    pub logit: f64,
    pub attention: f64,
    pub pooled: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LikelyBehaviour {
    pub name: String,
    pub probability: f64,
}

/// A place without which the score would be lower.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScoredHunk {
    /// As in the artifact.
    pub path: String,
    pub line: u32,
    pub end_line: u32,
    /// Its part, 0 to 1, of what the score falls by when the places are taken out one after the other.
    pub share: f64,
    /// The score without it alone; `None` where nothing would be left.
    pub without: Option<f64>,
}
