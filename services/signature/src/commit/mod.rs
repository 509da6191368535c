//! Commits and tags: who signed a git object, by OpenPGP ([`gpg`]), SSH ([`ssh`]) or Sigstore ([`gitsign`]).
//!
//! What must hold: the bytes are what the id names; git reads the same commit out of them as was signed ([`object`]); there
//! is one signature; it was made, over exactly these bytes, by a key that the operator named, which is neither revoked nor
//! expired, may sign, and is strong enough. Each way in which that fails is a [`Rejection`] of its own. Whose key it is
//! comes from the operator alone: what the repository says of itself (its configuration, a file of signers in the tree) is
//! read nowhere.
//!
//! Who is stopped by it:
//!
//! - **A pull request** of a stranger, or of a taken-over account, carries commits under a colleague's name: the name is
//!   free to choose, the signature is not. That the committer's address is none of the signer's is said as well.
//! - **A mirror**, or **the network**, changes a commit, its history or a tag, or points a tag at another release: the
//!   object's id, its signed bytes or the tag's name do not fit.
//! - **A package** or **a lockfile** that names a commit of a git dependency: the same.
//! - **A stolen key** is stopped once it is revoked. Its thief writes the date, so an end of validity that is compared with
//!   the commit's own date (SSH's `valid-before`) stops no thief; OpenPGP keys are compared with the clock.
//!
//! Not stopped: an author who is the attacker; and what SHA-1 cannot carry, save that objects which were made to collide
//! are found. OpenPGP and SSH are read by our own readers, which know no private key and do no arithmetic; that is
//! aws-lc-rs's ([`key`]).

pub mod gitsign;
pub mod gpg;
mod key;
mod object;
mod reader;
mod rejection;
pub mod ssh;
mod trust;
mod verified;

pub use object::{Kind, MOST_OBJECT, Raw};
pub use rejection::Rejection;
pub use trust::Trust;
pub use verified::{Committer, Signer, Verified};

/// The answer. "Unsigned" is neither of the others: nobody vouches for it.
#[must_use]
#[derive(Debug)]
pub enum Verification {
    Verified(Verified),
    Unsigned,
    Rejected(Rejection),
}
