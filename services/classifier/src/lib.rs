//! Package diff in; a score, and the places that made it, out.
//!
//! First the features: the text that a version adds, as chunks of small numbers ([`chunks`]). One extractor serves training
//! and inference, so that the two cannot drift apart: whatever changes an answer of [`chunks`] raises [`VERSION`], and a
//! model that was trained on another version is not opened. Then the model ([`Model`]), which ONNX Runtime runs
//! ([`Library`]), and which many may ask at once ([`Classifier`]).
//!
//! The attacker writes everything that is read here. So nothing is left out by its path; what a chunk says does not
//! depend on how large the package is or how many files it has; and what finds no room is the least likely to run
//! ([`Extract::left_out`]).

mod acceptance;
mod answer;
mod batch;
mod card;
mod chunks;
mod classifier;
mod composition;
mod error;
mod explain;
mod facts;
#[cfg(test)]
mod fixtures;
mod library;
mod model;
mod pin;
mod role;
mod session;
mod subject;
mod tokens;

pub use acceptance::{Acceptance, Difference, Expect, Verdict};
pub use answer::{Answer, Behaviour, Cause, NOTHING_ADDED, Provider};
pub use card::{Card, Reference};
pub use chunks::{CHUNK_TOKENS, Chunk, Extract, MAX_CHUNKS, chunks};
pub use classifier::{Classifier, Settings};
pub use composition::{Composition, Part};
pub use error::Error;
pub use facts::Fact;
pub use library::Library;
pub use model::Model;
pub use pin::Pin;
pub use role::{Role, install_scripts};
pub use subject::{Ecosystem, Mode, Subject};
pub use tokens::{Token, VOCABULARY, tokenize};

/// Of the features; raised with whatever changes an answer.
pub const VERSION: u32 = 2;
