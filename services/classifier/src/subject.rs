//! What is put to a model, and in which of its scales the answer is read.

use crate::Extract;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a package comes from. Each has its own way of packing, so each has its own scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    Npm,
    Pypi,
    Cargo,
}

/// Whether there is a version before to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All of the package is new.
    New,
    Update,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Update => "update",
        })
    }
}

/// A difference to be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub ecosystem: Ecosystem,
    pub mode: Mode,
    pub extract: Extract,
}

impl Subject {
    /// Whether anything was added at all.
    pub(crate) fn adds_nothing(&self) -> bool {
        self.extract.chunks.is_empty() && self.extract.facts.is_empty() && self.extract.left_out == 0
    }
}
