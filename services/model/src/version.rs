//! Version order as an abstract service.
//!
//! Evidence (advisory ranges) needs version order, and order belongs to the ecosystems; this trait is
//! how the one is handed to the other without an arrow between the crates.

use std::cmp::Ordering;

/// Why a version or range has no meaning in its ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what} of {ecosystem}: {message}")]
pub struct VersionError {
    pub ecosystem: &'static str,
    /// `"version"` or `"range"`.
    pub what: &'static str,
    pub text: String,
    pub message: String,
}

/// An ecosystem's own order and range language.
pub trait VersionOrder: Send + Sync {
    /// # Errors
    /// When either text is not a version of the ecosystem.
    fn compare(&self, left: &str, right: &str) -> Result<Ordering, VersionError>;

    /// Whether `version` satisfies `range`, written in the ecosystem's range language.
    ///
    /// # Errors
    /// When the version or the range cannot be read.
    fn in_range(&self, range: &str, version: &str) -> Result<bool, VersionError>;

    /// # Errors
    /// When `version` is not a version of the ecosystem.
    fn is_prerelease(&self, version: &str) -> Result<bool, VersionError>;
}
