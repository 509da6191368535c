//! Artifacts that passed, by digest, in an object store; the only user of `object_store`.
//!
//! Who could attack: whoever can write where the objects lie (a shared disk, a bucket, a backup that was put back), and
//! whoever can make a transfer end early or differ. They would like other bytes to be served under a name that passed. So
//! an object's name is the SHA-256 of its bytes, it is hashed each time it is read, and nobody gets bytes that were not:
//! [`Verified`] is made here alone. What does not hash to its name is moved aside and never served.
//!
//! Against a publisher or a registry that exchanges a release this does nothing by itself; `gate` compares what is kept
//! with what the registry states, and notes an incident.

mod damage;
mod error;
mod mirror;
mod names;
mod pace;
mod settings;
mod transport;
mod verified;

#[cfg(test)]
mod tests;

pub use damage::{Check, Damage, Read};
pub use error::MirrorError;
pub use mirror::{Lying, Mirror};
pub use names::Shard;
pub use pace::Pace;
pub use settings::{Place, S3};
pub use verified::{Mismatch, Verified};
