//! Signed things in, what was verified out. The only user of the sigstore crates; a folder for each kind of signature.
//!
//! A signature that does not hold is an answer ([`bundle::Rejection`]), not an error: the attacker chose it. An [`Error`]
//! is what keeps us from asking: a key, a trusted root or an artifact, all named by the operator, that cannot be used.
//! Nothing is fetched and nothing is written.

pub mod bundle;
mod error;
mod file;

pub use error::Error;
