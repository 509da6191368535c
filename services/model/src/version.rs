//! Version order as an abstract service.
//!
//! Evidence (advisory ranges) needs version order, and order belongs to the ecosystems; this trait is
//! how the one is handed to the other without an arrow between the crates.

use smallvec::SmallVec;
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
    /// What stands for `version` in comparisons: a version is read once, and held against any number of others.
    ///
    /// # Errors
    /// When the text is not a version of the ecosystem.
    fn key(&self, version: &str) -> Result<VersionKey, VersionError>;

    /// # Errors
    /// When either text is not a version of the ecosystem.
    fn compare(&self, left: &str, right: &str) -> Result<Ordering, VersionError> {
        Ok(self.key(left)?.cmp(&self.key(right)?))
    }

    /// Whether `version` satisfies `range`, written in the ecosystem's range language.
    ///
    /// # Errors
    /// When the version or the range cannot be read.
    fn in_range(&self, range: &str, version: &str) -> Result<bool, VersionError>;

    /// # Errors
    /// When `version` is not a version of the ecosystem.
    fn is_prerelease(&self, version: &str) -> Result<bool, VersionError>;
}

/// Bytes whose order is the order of the versions of one ecosystem; equal where the versions are. Written by
/// [`VersionKeyWriter`]. Those of usual versions lie in place: a look at an advisory reads a dozen of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionKey(SmallVec<[u8; 16]>);

/// Writes the parts of a version, the most significant first.
///
/// What may end early is closed with [`VersionKeyWriter::end`], which lies below whatever could have followed: a list is
/// less than its continuations.
#[derive(Debug, Default)]
pub struct VersionKeyWriter(SmallVec<[u8; 16]>);

impl VersionKeyWriter {
    /// What is closed here sorts before what goes on.
    const END: u8 = 0;

    /// One of a few kinds, in their order. Not 0 where [`Self::end`] may stand in its place.
    pub fn rank(&mut self, rank: u8) -> &mut Self {
        self.0.push(rank);
        self
    }

    pub fn number(&mut self, number: u64) -> &mut Self {
        let bytes = number.to_be_bytes();
        let significant = &bytes[number.leading_zeros() as usize / 8..];
        // 1 to 9, so that a number is above the end of a list.
        self.0.push(1 + u8::try_from(significant.len()).expect("at most 8"));
        self.0.extend_from_slice(significant);
        self
    }

    /// Decimal digits of any number, by value; leading zeros do not count.
    pub fn digits(&mut self, digits: &str) -> &mut Self {
        let digits = digits.trim_start_matches('0');
        self.number(digits.len() as u64);
        self.0.extend_from_slice(digits.as_bytes());
        self
    }

    /// By its bytes, and before its continuations. A version has no NUL.
    pub fn text(&mut self, text: &str) -> &mut Self {
        debug_assert!(!text.contains('\0'), "a NUL would end the text");
        self.0.extend_from_slice(text.as_bytes());
        self.end()
    }

    pub fn end(&mut self) -> &mut Self {
        self.0.push(Self::END);
        self
    }

    /// The prerelease of Semantic Versioning (item 11), `None` for a version that has none: identifiers of digits by
    /// value and below the others, which go by their ASCII bytes.
    pub fn semver_prerelease<'a>(&mut self, identifiers: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let mut identifiers = identifiers.into_iter().peekable();
        if identifiers.peek().is_none() {
            return self.rank(2);
        }
        self.rank(1);
        for identifier in identifiers {
            if identifier.bytes().all(|b| b.is_ascii_digit()) {
                self.rank(1).digits(identifier);
            } else {
                self.rank(2).text(identifier);
            }
        }
        self.end()
    }

    pub fn finish(&mut self) -> VersionKey {
        VersionKey(std::mem::take(&mut self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(write: impl FnOnce(&mut VersionKeyWriter)) -> VersionKey {
        let mut writer = VersionKeyWriter::default();
        write(&mut writer);
        writer.finish()
    }

    fn list(numbers: &[u64]) -> VersionKey {
        key(|w| {
            for number in numbers {
                w.number(*number);
            }
            w.end().rank(7);
        })
    }

    proptest! {
        #[test]
        fn numbers_go_by_value(a: u64, b: u64, small in 0u64..300) {
            for (a, b) in [(a, b), (small, a), (small, b % 300)] {
                prop_assert_eq!(key(|w| { w.number(a); }).cmp(&key(|w| { w.number(b); })), a.cmp(&b));
                let digits = |n: u64| key(|w| { w.digits(&format!("00{n}")); });
                prop_assert_eq!(digits(a).cmp(&digits(b)), a.cmp(&b));
            }
        }

        #[test]
        fn lists_go_by_their_elements_and_then_by_length(a in prop::collection::vec(0u64..3, 0..4), b in prop::collection::vec(0u64..3, 0..4)) {
            prop_assert_eq!(list(&a).cmp(&list(&b)), a.cmp(&b));
        }

        #[test]
        fn texts_go_by_their_bytes(a in "[a-c-]{0,4}", b in "[a-c-]{0,4}") {
            let text = |t: &str| key(|w| { w.text(t).rank(9); });
            prop_assert_eq!(text(&a).cmp(&text(&b)), a.cmp(&b));
        }
    }
}
