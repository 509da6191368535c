//! Signed things in, what was verified out. The only user of the sigstore crates; a folder for each kind of signature.
//!
//! A signature that does not hold is an answer ([`bundle::Rejection`]), not an error: the attacker chose it. An [`Error`]
//! is what keeps us from asking: a key, a trusted root or an artifact, all named by the operator, that cannot be used.
//! Nothing is fetched and nothing is written.

mod attestation;
pub mod bundle;
pub mod commit;
mod error;
mod file;
pub mod npm;
pub mod provenance;
pub mod pypi;

pub use attestation::{Attestation, Attested, Reason, Rejected, Signer};
pub use error::Error;
