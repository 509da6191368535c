//! Version order of PyPI: PEP 440.

use super::specifier::Specifiers;
use lockgate_model::{Ecosystem, VersionError, VersionKey, VersionKeyWriter, VersionOrder};
use pep440_rs::{LocalSegment, PrereleaseKind, Version};
use std::str::FromStr;

/// PEP 440, ranges as `packaging` reads its specifier sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pep440;

impl VersionOrder for Pep440 {
    fn key(&self, version: &str) -> Result<VersionKey, VersionError> {
        read(version).map(|version| key(&version))
    }

    /// `SpecifierSet(range).contains(version)`: pre-releases are let in, since the one version asked about has no
    /// alternative.
    fn in_range(&self, range: &str, version: &str) -> Result<bool, VersionError> {
        Specifiers::from_str(range).map_err(|message| error("range", range, message))?.contain(version)
    }

    fn is_prerelease(&self, version: &str) -> Result<bool, VersionError> {
        Ok(read(version)?.any_prerelease())
    }
}

/// PEP 440, "Summary of permitted suffixes and relative ordering".
fn key(version: &Version) -> VersionKey {
    let mut key = VersionKeyWriter::default();
    key.number(version.epoch());
    let release = version.release();
    let significant = release.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1);
    for number in &release[..significant] {
        key.number(*number);
    }
    key.end();
    // A development release alone comes before the pre-releases, and what is neither after them.
    match (version.pre(), version.post(), version.dev()) {
        (None, None, Some(_)) => key.rank(1),
        (Some(pre), ..) => key
            .rank(match pre.kind {
                PrereleaseKind::Alpha => 2,
                PrereleaseKind::Beta => 3,
                PrereleaseKind::Rc => 4,
            })
            .number(pre.number),
        (None, ..) => key.rank(5),
    };
    match version.post() {
        None => key.rank(1),
        Some(number) => key.rank(2).number(number),
    };
    match version.dev() {
        Some(number) => key.rank(1).number(number),
        None => key.rank(2),
    };
    for segment in version.local() {
        match segment {
            LocalSegment::String(text) => key.rank(1).text(text),
            LocalSegment::Number(number) => key.rank(2).number(*number),
        };
    }
    key.end().finish()
}

/// # Errors
/// When `text` is not a version of PEP 440, or a number in it is over 64 bits.
pub(super) fn read(text: &str) -> Result<Version, VersionError> {
    Version::from_str(text.trim()).map_err(|e| error("version", text, e.to_string()))
}

/// The spelling under which a release is known everywhere: PEP 440's normal form, as the text where it has none.
pub(super) fn normal(text: &str) -> String {
    read(text).map_or_else(|_| text.trim().to_owned(), |version| version.to_string())
}

fn error(what: &'static str, text: &str, message: String) -> VersionError {
    let message = message.lines().next().unwrap_or_default().to_owned();
    VersionError { ecosystem: Ecosystem::Pypi.name(), what, text: text.chars().take(80).collect(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Ordering;

    /// Written in ascending order.
    const ORDER: &[&str] = &[
        "0",
        "1.dev0",
        "1.0a1.dev1",
        "1.0a1",
        "1.0a1.post0.dev2",
        "1.0a1.post0",
        "1.0b2",
        "1.0rc1",
        "1.0",
        "1.0+abc",
        "1.0+abc.1",
        "1.0+5",
        "1.0.post0.dev1",
        "1.0.post0",
        "1.0.post1",
        "1.0.1",
        "1.1.dev1",
        "1.2",
        "1.10",
        "2024.1",
        "1!0.1",
    ];

    #[test]
    fn versions_sort_as_pep_440_says() {
        for (i, left) in ORDER.iter().enumerate() {
            for (j, right) in ORDER.iter().enumerate() {
                assert_eq!(Pep440.compare(left, right), Ok(i.cmp(&j)), "{left} and {right}");
            }
        }
    }

    #[test]
    fn spellings_of_one_version_are_equal() {
        for (left, right) in
            [("1.0", "1"), ("v1.0", "1.0.0"), ("1.0-1", "1.0.post1"), ("1.0ALPHA", "1a0"), ("1.0+A-b", "1.0+a.b")]
        {
            assert_eq!(Pep440.compare(left, right), Ok(Ordering::Equal), "{left} and {right}");
        }
        assert_eq!(normal(" 1.0-RC.1 "), "1.0rc1");
        assert_eq!(normal("2004d"), "2004d");
    }

    #[test]
    fn what_is_no_version_is_an_error() {
        for text in ["", "1.0.x", "french toast", "1..0", "1.0+", "99999999999999999999"] {
            assert!(Pep440.compare(text, "1").is_err(), "{text}");
        }
    }

    #[test]
    fn pre_and_development_releases_are_prereleases() {
        for (text, expected) in [("1.0a1", true), ("1.0.dev1", true), ("1.0.post1.dev1", true), ("1.0.post1", false)] {
            assert_eq!(Pep440.is_prerelease(text), Ok(expected), "{text}");
        }
    }

    const SPELLING: &str =
        r"([0-2]!)?[0-3](\.[0-3]){0,3}(a|b|rc)?[0-2]?(\.post[0-2])?(\.dev[0-2])?(\+[a-c0-2]{1,2}(\.[a-c0-2]{1,2})?)?";

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_the_versions(left in SPELLING, right in SPELLING) {
            if let (Ok(left), Ok(right)) = (read(&left), read(&right)) {
                prop_assert_eq!(key(&left).cmp(&key(&right)), left.cmp(&right), "{} and {}", left, right);
            }
        }

        #[test]
        fn arbitrary_text_never_panics(left: String, right in "[0-9a-z.!+*~=<>, -]{0,40}") {
            let _ = Pep440.compare(&left, &right);
            let _ = Pep440.in_range(&right, &left);
            let _ = Pep440.in_range(&left, &right);
        }
    }
}
