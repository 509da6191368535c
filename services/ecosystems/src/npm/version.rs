//! npm versions: semantic versioning 2.0.0, and the loose spelling that npm's own clients still read.
//!
//! Written here and not taken from a crate, because the crates follow Cargo's rules: npm knows a leading `v`,
//! prereleases without hyphen, and numbers up to 2^53 - 1.

use lockgate_model::{VersionKey, VersionKeyWriter};
use std::cmp::Ordering;

/// Longest version that node-semver reads, in bytes.
const MAX_LENGTH: usize = 256;
/// Largest number of a version: what JavaScript holds exactly.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// How strictly versions and ranges are read; the options of node-semver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Takes leading zeros, `v` and `=` before a version, and prereleases without hyphen.
    pub loose: bool,
    /// Lets prereleases satisfy ranges that do not name one of the same version.
    pub include_prerelease: bool,
}

/// A version. Build metadata is checked and forgotten, as it has no part in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
    /// Empty for a version that is no prerelease.
    pub prerelease: Vec<Identifier>,
}

/// One dot-separated part of a prerelease. The order of the variants is the order of the versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identifier {
    /// By length and then by digits, which is by value: there are no leading zeros. The specification sets no
    /// bound, so no integer type would do.
    Numeric {
        length: usize,
        digits: String,
    },
    Text(String),
}

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    /// What is wrong with the text, to be put after its name.
    pub fn parse(text: &str, loose: bool) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.len() > MAX_LENGTH {
            return Err("it is longer than 256 characters");
        }
        let text = if loose { text.trim_start_matches(is_prefix) } else { text.strip_prefix('v').unwrap_or(text) };
        let (major, rest) = number(text, loose)?;
        let (minor, rest) = number(after_dot(rest)?, loose)?;
        let (patch, rest) = number(after_dot(rest)?, loose)?;
        let (prerelease, build) = rest.split_once('+').map_or((rest, None), |(pre, build)| (pre, Some(build)));
        if build.is_some_and(|build| !build.split('.').all(is_identifier)) {
            return Err("its build metadata is not letters, digits and hyphens");
        }
        Ok(Self { major, minor, patch, prerelease: prerelease_of(prerelease, loose)? })
    }

    pub fn is_prerelease(&self) -> bool {
        !self.prerelease.is_empty()
    }

    /// What stands for the version in comparisons; the order is the same.
    pub(super) fn key(&self) -> VersionKey {
        let mut key = VersionKeyWriter::default();
        for number in self.numbers() {
            key.number(number);
        }
        key.semver_prerelease(self.prerelease.iter().map(Identifier::text)).finish()
    }

    pub(super) fn numbers(&self) -> [u64; 3] {
        [self.major, self.minor, self.patch]
    }

    /// A version without prerelease.
    pub(super) fn release([major, minor, patch]: [u64; 3]) -> Self {
        Self { major, minor, patch, prerelease: Vec::new() }
    }

    /// The lowest version of these numbers: prerelease `0`.
    pub(super) fn lowest(numbers: [u64; 3]) -> Self {
        Self { prerelease: vec![Identifier::new("0")], ..Self::release(numbers) }
    }
}

impl Ord for Version {
    /// Precedence (semver.org, item 11).
    fn cmp(&self, other: &Self) -> Ordering {
        let prereleases = match (self.is_prerelease(), other.is_prerelease()) {
            (true, true) => self.prerelease.cmp(&other.prerelease),
            (one, two) => two.cmp(&one),
        };
        self.numbers().cmp(&other.numbers()).then(prereleases)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Identifier {
    /// Without leading zeros.
    fn text(&self) -> &str {
        match self {
            Self::Numeric { digits, .. } => digits,
            Self::Text(text) => text,
        }
    }

    fn new(text: &str) -> Self {
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Self::Text(text.to_owned());
        }
        let digits = text.trim_start_matches('0').to_owned();
        Self::Numeric { length: digits.len(), digits }
    }
}

/// What may stand before a version in loose spelling.
pub(super) fn is_prefix(c: char) -> bool {
    matches!(c, 'v' | '=') || c.is_whitespace()
}

/// A number at the start of `text`, and what follows it.
pub(super) fn number(text: &str, loose: bool) -> Result<(u64, &str), &'static str> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Err("it does not have three numbers with dots between them");
    }
    if !loose && digits.len() > 1 && digits.starts_with('0') {
        return Err("a number in it has a leading zero");
    }
    let value = digits.parse().ok().filter(|value| *value <= MAX_NUMBER);
    Ok((value.ok_or("a number in it is larger than 2^53 - 1")?, rest))
}

/// The number after `number`, as long as it is still one of a version.
pub(super) fn next(number: u64) -> Result<u64, &'static str> {
    if number < MAX_NUMBER { Ok(number + 1) } else { Err("a number in it is larger than 2^53 - 1") }
}

fn after_dot(text: &str) -> Result<&str, &'static str> {
    text.strip_prefix('.').ok_or("it does not have three numbers with dots between them")
}

/// The identifiers of what stands between the third number and the build metadata, hyphen included.
pub(super) fn prerelease_of(text: &str, loose: bool) -> Result<Vec<Identifier>, &'static str> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    match text.strip_prefix('-').map(|rest| identifiers(rest, loose)) {
        Some(Ok(found)) => Ok(found),
        Some(Err(message)) if !loose => Err(message),
        None if !loose => Err("something other than a hyphen follows its third number"),
        _ => identifiers(text, loose),
    }
}

fn identifiers(text: &str, loose: bool) -> Result<Vec<Identifier>, &'static str> {
    let read = |part: &str| {
        let numeric = part.bytes().all(|b| b.is_ascii_digit());
        if !is_identifier(part) {
            Err("its prerelease is not letters, digits and hyphens")
        } else if numeric && !loose && part.len() > 1 && part.starts_with('0') {
            Err("a number in its prerelease has a leading zero")
        } else {
            Ok(Identifier::new(part))
        }
    };
    text.split('.').map(read).collect()
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strict(text: &str) -> Version {
        Version::parse(text, false).unwrap()
    }

    #[test]
    fn the_specification_s_own_order() {
        // semver.org, item 11.
        let ordered = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2.0.0",
            "2.1.0",
            "2.1.1",
        ];
        for pair in ordered.windows(2) {
            assert!(strict(pair[0]) < strict(pair[1]), "{pair:?}");
        }
        assert_eq!(strict("v1.0.0+a").cmp(&strict("1.0.0+b")), Ordering::Equal);
    }

    #[test]
    fn numbers_beyond_any_integer_type_are_ordered_by_value() {
        assert!(strict("1.0.0-99999999999999999999999") < strict("1.0.0-100000000000000000000000"));
    }

    #[test]
    fn the_loose_spelling_is_read_only_when_asked_for() {
        for (text, plain) in [
            ("1.2.3beta", "1.2.3-beta"),
            ("= v1.2.3", "1.2.3"),
            ("01.02.03", "1.2.3"),
            ("1.2.3-01", "1.2.3-1"),
            ("1.2.3--", "1.2.3--"),
            ("1.2.3-beta+b", "1.2.3-beta"),
        ] {
            assert_eq!(Version::parse(text, true).unwrap(), strict(plain), "{text}");
        }
        for text in ["1.2.3beta", "=1.2.3", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3+", "1.2.3-a..b"] {
            assert!(Version::parse(text, false).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_version_in_either_spelling() {
        let huge = format!("1.0.{}", MAX_NUMBER + 1);
        let long = format!("1.0.0-{}", "a".repeat(300));
        for text in ["", "1", "1.2", "1.2.3.4", "a.b.c", "1.2.x", "1.2.3-ö", "1.2.3 4", huge.as_str(), long.as_str()] {
            assert!(Version::parse(text, true).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_total_and_strict_is_a_part_of_loose(
            a in r"[0-9]\.[0-9]\.[0-9](-[a-c0-9-]{1,3}(\.[a-c0-9]{1,2})?)?",
            b in r"[0-9]\.[0-9]\.[0-9](-[a-c0-9-]{1,3}(\.[a-c0-9]{1,2})?)?",
        ) {
            let (a, b) = (Version::parse(&a, true).unwrap(), Version::parse(&b, true).unwrap());
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a.cmp(&b), a.key().cmp(&b.key()));
        }

        #[test]
        fn what_is_read_strictly_is_read_the_same_loosely(text in r"v?[0-9]{1,2}\.[0-9]\.[0-9][-a-c0-9.+]{0,6}") {
            if let Ok(version) = Version::parse(&text, false) {
                prop_assert_eq!(Version::parse(&text, true), Ok(version));
            }
        }

        #[test]
        fn no_text_panics(text: String, loose: bool) {
            let _ = Version::parse(&text, loose);
        }
    }
}
