//! Evidence: what is *true* of a release, whatever its publisher claims.
//!
//! One folder for each check. A collector is a pure function of [`Inputs`]: the gate has done the I/O before,
//! so a collection can be repeated, tested and keyed by content. A property that does not hold is data
//! (`Observed`); an attempt that failed is an error, and only [`run`] turns errors, timeouts and panics into
//! `Unavailable`.

pub mod advisory;
pub mod age;
pub mod checksum;
pub mod classifier;
mod collector;
pub mod diff;
#[cfg(test)]
mod fixtures;
mod inputs;
pub mod license;
pub mod pickle;
pub mod pin;
mod runner;
pub mod sbom;
pub mod signature;
pub mod typosquat;

pub use collector::{Collector, CollectorData, collectors};
pub use inputs::{
    AdvisoryFeed, Attested, Earlier, FetchedArtifact, FirstSeen, InputDigests, Inputs, Signed, entries_digest,
    locked_digest, published_digest,
};
pub use runner::{PROVISIONAL, preview, run};
