//! npm's version order and range language, as the other stages ask for it.

use super::range::Range;
use super::version::{Options, Version};
use crate::position::excerpt;
use lockgate_model::{VersionError, VersionKey, VersionOrder};

/// The version order of npm.
///
/// Reads strictly first and loosely where that fails, as npm's clients do with what stands in the registry:
/// `v1.2.3` and `1.0.0beta` are versions there.
#[derive(Debug, Clone, Copy)]
pub(super) struct NpmVersions;

impl VersionOrder for NpmVersions {
    fn key(&self, version: &str) -> Result<VersionKey, VersionError> {
        Ok(self::version(version)?.key())
    }

    fn in_range(&self, range: &str, version: &str) -> Result<bool, VersionError> {
        let found = self::version(version)?;
        let loose = Options { loose: true, ..Options::default() };
        let read = Range::parse(range, Options::default()).or_else(|_| Range::parse(range, loose));
        Ok(read.map_err(|message| refused("range", range, message))?.contains(&found))
    }

    fn is_prerelease(&self, version: &str) -> Result<bool, VersionError> {
        Ok(self::version(version)?.is_prerelease())
    }
}

fn version(text: &str) -> Result<Version, VersionError> {
    let read = Version::parse(text, false).or_else(|_| Version::parse(text, true));
    read.map_err(|message| refused("version", text, message))
}

fn refused(what: &'static str, text: &str, message: &str) -> VersionError {
    VersionError { ecosystem: "npm", what, text: excerpt(text), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    #[test]
    fn both_spellings_are_understood() {
        assert_eq!(NpmVersions.compare("v1.2.3", "1.2.3beta"), Ok(Ordering::Greater));
        assert_eq!(NpmVersions.in_range("~ 1.0.3alpha", "1.0.12"), Ok(true));
        assert_eq!(NpmVersions.is_prerelease("1.0.0-rc.1"), Ok(true));
    }

    #[test]
    fn errors_name_what_was_asked() {
        let error = NpmVersions.compare("1.0.0", "latest").unwrap_err().to_string();
        assert_eq!(error, "\"latest\" is not a version of npm: it does not have three numbers with dots between them");
        assert!(NpmVersions.in_range("latest", "1.0.0").is_err());
        assert!(NpmVersions.in_range("*", "not a version").is_err());
    }
}
