//! What a model reads of a package: the text that a version adds, as chunks of small numbers.
//!
//! One extractor serves training and inference, so that the two cannot drift apart: whatever changes an answer of
//! [`chunks`] raises [`VERSION`], and features of another version are not compared.
//!
//! The attacker writes everything that is read here. So nothing is left out by its path; what a chunk says does not
//! depend on how large the package is or how many files it has; and what finds no room is the least likely to run
//! ([`Extract::left_out`]).

mod chunks;
mod facts;
mod role;
mod tokens;

pub use chunks::{CHUNK_TOKENS, Chunk, Extract, MAX_CHUNKS, chunks};
pub use facts::Fact;
pub use role::{Role, install_scripts};
pub use tokens::{Token, VOCABULARY, tokenize};

/// Of the features; raised with whatever changes an answer.
pub const VERSION: u32 = 2;
