//! Local registries that speak npm's, PyPI's and cargo's protocols, and can be told to misbehave.
//!
//! One loopback server under three prefixes. State is kept: a package that is republished under the same
//! version changes its bytes and digests as a compromised registry would.

mod package;
mod serve;

pub use package::{Package, lockfile};
pub use serve::Registries;

/// How a path misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers this status.
    Status(u16),
    /// Accepts the request and never answers.
    Hang,
    /// States the whole length, sends half.
    Truncate,
    /// States twice the length, sends the whole.
    Overstate,
    /// Answers 503 and asks to be left alone for so many seconds.
    Unavailable { retry_after: u32 },
    /// Flips one byte in the middle.
    FlipByte,
    /// Sends a page of HTML with status 200.
    Html,
}
