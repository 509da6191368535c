//! Sigstore bundles: one JSON file that holds a signature, who made it, and the proof that it was published in a log.
//!
//! What must hold is what the Sigstore client specification asks for: the certificate comes from a trusted authority, was
//! itself published (SCT), and was valid at every time that a timestamp authority or the log vouches for; identity and
//! issuer are the expected ones, byte for byte; the entry is in the log, by a Merkle proof to a checkpoint that the log
//! signed (or, in bundles of version 0.1, by the log's signed promise); the signature covers this artifact, or a statement
//! that names it; and the entry is about this very signature. Of a bundle that is signed by a key, the key takes the
//! certificate's place. Nothing of it can be switched off; GitHub's own instance, which has no logs, is asked under its own
//! rules, and only with a trusted root that names none.
//!
//! Most of it is sigstore-verify's work. What that lets pass is stopped beside it (`stricter.rs`, `known.rs`,
//! `unambiguous.rs`); for each there is a forgery in `tests/bundle/forged` which it accepts.
//!
//! [`Verifier::identify`] answers who signed, where nobody is expected beforehand; its caller has to judge the answer.
//!
//! Who is stopped by it, as long as the expected identity comes from the operator:
//!
//! - **A registry account** that is taken over publishes, but cannot sign as the workflow that built the releases before.
//! - **A mirror**, or **the network**, hands out another artifact, or another bundle with it: neither carries a signature
//!   of the expected identity. Leaving the bundle out is not found here: that is for who asks for one.
//! - **A lockfile** in a pull request names another artifact, and may name a digest that fits it: the same.
//! - **A package** whose author is the attacker is *not* stopped: a signature says who made it, not that it is good. Nor is
//!   who takes over the workflow itself, or an identity at its issuer; but that leaves an entry in a public log.
//! - **A stolen signing key** of a certificate is of no use after some minutes, since the time is vouched for by others.

mod artifact;
mod claims;
mod expected;
mod known;
mod quoted;
mod rejection;
mod stricter;
mod unambiguous;
mod verified;
mod verifier;
mod workflow;

pub use artifact::Artifact;
pub use claims::Claims;
pub use expected::{Expected, PublicKey, Workflow};
pub use known::{Ended, Role};
pub use quoted::Quoted;
pub use rejection::Rejection;
pub use verified::Verified;
pub(crate) use verifier::parse;
pub use verifier::{Instance, Verifier, read};

/// Largest bundle, in bytes. Those of the conformance suite take 2 to 16 kB.
pub const MOST_BUNDLE: usize = 16 << 20;
/// Largest trusted root, in bytes. The production instance's takes 7 kB.
pub const MOST_ROOT: usize = 16 << 20;

/// The answer. There is no third one, and no way to overlook which it is.
#[must_use]
#[derive(Debug)]
pub enum Verification {
    Verified(Verified),
    Rejected(Rejection),
}
