//! Version order of Rust: Semantic Versioning 2.0, ranges as `Cargo.toml` writes them.

use lockgate_model::{Ecosystem, VersionError, VersionKey, VersionKeyWriter, VersionOrder};
use semver::{Version, VersionReq};

/// Precedence of SemVer section 11: build metadata is ignored. (The crate's own total order, which Cargo uses
/// to break ties between such versions, ranks build metadata too; advisories speak of precedence.)
#[derive(Debug, Clone, Copy)]
pub(super) struct CargoVersions;

impl VersionOrder for CargoVersions {
    fn key(&self, version: &str) -> Result<VersionKey, VersionError> {
        let version = read(version)?;
        let mut key = VersionKeyWriter::default();
        key.number(version.major).number(version.minor).number(version.patch);
        let identifiers = version.pre.split('.').filter(|identifier| !identifier.is_empty());
        Ok(key.semver_prerelease(identifiers).finish())
    }

    /// A pre-release is in a range only when the range names a pre-release of the same three numbers.
    fn in_range(&self, range: &str, version: &str) -> Result<bool, VersionError> {
        let range = VersionReq::parse(range).map_err(|e| error("range", range, &e))?;
        Ok(range.matches(&read(version)?))
    }

    fn is_prerelease(&self, version: &str) -> Result<bool, VersionError> {
        Ok(!read(version)?.pre.is_empty())
    }
}

fn read(text: &str) -> Result<Version, VersionError> {
    Version::parse(text.trim()).map_err(|e| error("version", text, &e))
}

fn error(what: &'static str, text: &str, error: &semver::Error) -> VersionError {
    let text = text.chars().take(80).collect();
    VersionError { ecosystem: Ecosystem::Cargo.name(), what, text, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    #[test]
    fn versions_sort_by_precedence() {
        // SemVer section 11.4.
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.10.0",
        ];
        for (i, left) in order.iter().enumerate() {
            for (j, right) in order.iter().enumerate() {
                assert_eq!(CargoVersions.compare(left, right), Ok(i.cmp(&j)), "{left} and {right}");
            }
        }
        assert_eq!(CargoVersions.compare("1.0.0+a", "1.0.0+b"), Ok(Ordering::Equal));
    }

    #[test]
    fn ranges_are_those_of_cargo() {
        for (range, inside, outside) in [
            ("1.2", "1.9.0", "2.0.0"),
            ("^0.2.3", "0.2.9", "0.3.0"),
            ("~1.2", "1.2.9", "1.3.0"),
            ("=1.2.3", "1.2.3+build", "1.2.4"),
            (">=1, <1.5", "1.4.9", "1.5.0"),
            ("1.*", "1.9.9", "2.0.0"),
            ("*", "9.0.0", "9.0.0-rc.1"),
            ("1.0.0-rc.1", "1.0.0-rc.2", "1.0.1-rc.2"),
        ] {
            assert_eq!(CargoVersions.in_range(range, inside), Ok(true), "{inside} is in {range}");
            assert_eq!(CargoVersions.in_range(range, outside), Ok(false), "{outside} is not in {range}");
        }
    }

    #[test]
    fn what_is_no_version_is_an_error() {
        for text in ["", "1", "1.0", "v1.0.0", "1.0.0.0", "01.0.0", "99999999999999999999.0.0"] {
            assert!(CargoVersions.compare(text, "1.0.0").is_err(), "{text}");
        }
        assert!(CargoVersions.in_range("latest", "1.0.0").is_err());
        assert_eq!(CargoVersions.is_prerelease("1.0.0-0+a"), Ok(true));
    }

    proptest::proptest! {
        #[test]
        fn keys_are_in_the_order_of_precedence(
            left in r"[0-2]\.[0-9]{1,2}\.[0-2](-[a-c1-9-]{1,3}(\.[a-c1-9]{1,2})?)?(\+b)?",
            right in r"[0-2]\.[0-9]{1,2}\.[0-2](-[a-c1-9-]{1,3}(\.[a-c1-9]{1,2})?)?",
        ) {
            if let (Ok(l), Ok(r)) = (read(&left), read(&right)) {
                proptest::prop_assert_eq!(CargoVersions.compare(&left, &right), Ok(l.cmp_precedence(&r)));
            }
        }

        #[test]
        fn arbitrary_text_never_panics(left: String, right in "[0-9a-z.^+*~=<>, -]{0,40}") {
            let _ = CargoVersions.compare(&left, &right);
            let _ = CargoVersions.in_range(&right, &left);
            let _ = CargoVersions.in_range(&left, &right);
        }
    }
}
