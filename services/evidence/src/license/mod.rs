//! Licences: what is declared, what the files say, whether they agree, and what is owed.
//!
//! - [`parse`], [`reading`]: text to [`Expression`], strictly as SPDX has it and leniently as publishers write it
//! - [`algebra`], [`allow`]: choices, equivalence, allow lists
//! - [`detection`]: licences in a text
//! - [`License`]: the check, with the data of `policies/data/obligations.json`
//!
//! Who attacks here: a publisher who declares MIT and ships other terms, hides a second licence behind a long
//! first one, or writes a field that a careless reader rounds to something harmless. Nothing that was found is
//! dropped, and nothing unknown reads as "owes nothing".

pub mod algebra;
pub mod allow;
mod catalogue;
mod clean;
mod collector;
mod conclusion;
mod data;
pub mod detection;
mod expression;
mod facts;
mod files;
mod identifiers;
mod manifest;
mod mentions;
mod names;
mod obligations;
pub mod parse;
mod places;
pub mod reading;
mod riders;
mod search;
#[cfg(test)]
mod tests;

pub use allow::{AllowList, AllowOutcome, ExpressionReport, judge_expression};
pub use collector::License;
pub use conclusion::Agreement;
pub use data::{Duty, LicenseData, LicenseDataError, ObligationKind, Trigger};
pub use expression::{Expression, ExpressionError, MAX_LENGTH, Term};
pub use facts::{LicenseFacts, Previous};
pub use files::{Detected, FileRef, Scope};
pub use obligations::Obligation;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The answer of `lockgate license FILE`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileReport {
    pub path: String,
    /// By line; empty when no licence is recognised.
    pub detected: Vec<detection::Match>,
    pub coverage: detection::Coverage,
    /// Words on lines that no match covers.
    pub unexplained_words: u32,
}

/// Detects the licences in one file, whatever its name.
pub fn report_file(path: &str, content: &[u8]) -> FileReport {
    let detection::Detection { matches, coverage, unexplained_words } = files::read(content);
    FileReport { path: path.to_owned(), detected: matches, coverage, unexplained_words }
}
