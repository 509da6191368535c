//! Who may read what: machine tokens, sessions of people, and transactions that see the rows of certain
//! installations only.

mod scope;
pub mod sessions;
pub mod tokens;

pub use scope::Scope;

/// SHA-256 of a secret; the secret itself is never stored.
pub type Hash = [u8; 32];
