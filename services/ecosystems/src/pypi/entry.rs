//! What the four Python lockfile formats have in common: names, versions, digests of files.

use super::{file_name, version};
use crate::position::{Lines, excerpt};
use lockgate_model::{Digest, DigestError, Ecosystem, LockedDigest, LockedRelease, LockfileError, Origin, Release};

/// Where an entry stands, for its line and for errors about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    pub(super) lines: &'a Lines<'a>,
    /// Byte offset.
    pub(super) offset: usize,
}

impl Place<'_> {
    pub(super) fn line(&self) -> u32 {
        self.lines.line(self.offset)
    }

    pub(super) fn error(&self, message: impl Into<String>) -> LockfileError {
        self.lines.error(self.path, self.offset, message)
    }
}

/// An entry about which nothing more than its release and origin is known.
///
/// # Errors
/// When the name or version is none that a registry could have: names become parts of addresses.
pub(super) fn entry(
    place: Place<'_>,
    name: &str,
    version: &str,
    origin: Origin,
) -> Result<LockedRelease, LockfileError> {
    if !is_name(name) {
        return Err(place.error(format!("{:?} is not a package name", excerpt(name))));
    }
    let version = version::normal(version);
    if version.is_empty() || version.len() > 200 || version.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(place.error(format!("{:?} is not a version of {name}", excerpt(&version))));
    }
    Ok(LockedRelease {
        release: Release::new(Ecosystem::Pypi, name, &version),
        origin,
        digests: Vec::new(),
        direct: None,
        dev: None,
        optional: false,
        alias: None,
        install_script: None,
        line: place.line(),
        depends_on: Vec::new(),
    })
}

/// Names as "Name format" of the packaging specifications has them: ASCII letters and digits at both ends.
pub(super) fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let outer = |c: char| c.is_ascii_alphanumeric();
    name.len() <= 200 && name.starts_with(outer) && name.ends_with(outer) && name.chars().all(inner)
}

/// A digest written `algorithm:hex`; `None` for algorithms that prove nothing (md5) or are not known here.
///
/// # Errors
/// When the algorithm is known and what follows is no digest of it.
pub(super) fn digest(place: Place<'_>, text: &str, file: Option<&str>) -> Result<Option<LockedDigest>, LockfileError> {
    let read = match text.split_once(':') {
        Some((algorithm, hex)) => algorithm.parse().and_then(|algorithm| Digest::from_hex(algorithm, hex.trim())),
        None => Err(DigestError::NoAlgorithm),
    };
    match read {
        Ok(digest) => Ok(Some(LockedDigest { digest, file: file.map(str::to_owned) })),
        Err(DigestError::UnknownAlgorithm(_)) => Ok(None),
        Err(e) => Err(place.error(format!("{:?} cannot be read as a hash: {e}", excerpt(text)))),
    }
}

/// What stands for the version of a release that the lockfile gives none: the commit, the version in the
/// archive's name, or the archive's digest. Each of them changes when the content does.
pub(super) fn stand_in(name: &str, origin: &Origin, digests: &[LockedDigest]) -> Option<String> {
    match origin {
        Origin::Git { commit, .. } => commit.clone(),
        Origin::Url { url } => crate::address::file_name(url)
            .and_then(|file| file_name::version_of(name, &file))
            .or_else(|| digests.first().map(|d| d.digest.to_string())),
        _ => None,
    }
}

/// Whether `text` is a whole Git object name, SHA-1 or SHA-256; anything shorter may move.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_the_registry_are_refused() {
        for name in ["a", "A.b-c_d", "0"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a%2f", "-a", "a-", "ä", "a b", "a\n"] {
            assert!(!is_name(name), "{name}");
        }
        assert!(!is_name(&"a".repeat(201)));
    }

    #[test]
    fn weak_digests_are_left_out_and_broken_ones_refused() {
        let lines = Lines::new("");
        let place = Place { path: "uv.lock", lines: &lines, offset: 0 };
        let sha256 = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(digest(place, &sha256, None).unwrap().unwrap().digest.to_string(), sha256);
        assert_eq!(digest(place, "md5:00", None), Ok(None));
        for broken in ["sha256:00", "sha256:zz", "sha256", ""] {
            assert!(digest(place, broken, None).is_err(), "{broken}");
        }
    }
}
