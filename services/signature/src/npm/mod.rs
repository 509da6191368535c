//! What an npm registry says about a tarball under its own signature, and what the build says.
//!
//! - **Registry signatures** (`dist.signatures` of a version): the registry signed `NAME@VERSION:INTEGRITY` with a key that it
//!   publishes ([`Keys`]). [`signatures`]
//! - **Attestations** (`/-/npm/v1/attestations/NAME@VERSION`): the *publish attestation* says the same in a statement and is in a
//!   public log; *provenance* says where the tarball was built. [`attestations`]
//!
//! Who is stopped:
//!
//! - **A mirror** or **the network** that hands out other bytes: signature, attestations and tarball name one digest.
//! - **A lockfile** in a pull request whose integrity is another one: the caller compares it with the digest that was verified.
//! - **Another release's papers**: name and version are part of what is signed, and are compared whole.
//! - **A registry account** that is taken over gets the registry's signature for whatever it publishes, but no provenance of
//!   the repository that built the releases before: compare [`crate::ProvenanceFacts`] with theirs.
//!
//! Leaving them out is `Missing` and for the caller to judge: many releases never had provenance, but a package that had it
//! and has it no more is worth a question. The registry itself is not stopped by its own key; the log is what keeps it honest.

mod attestations;
mod keys;
mod release;
mod signatures;

pub use attestations::{Kind, MOST_DOCUMENT, PUBLISH, attestations, read};
pub use keys::{Keys, MOST_KEYS};
pub use release::{Release, sha512_of};
pub use signatures::{DistSignature, RegistrySignature, signatures};
