//! The release whose papers are looked at.

use crate::provenance::Subject;
use base64::{Engine, engine::general_purpose::STANDARD};
use sigstore_verify::crypto;

/// Name and version as the caller knows them (from the lockfile, or the tarball's own manifest), and the tarball's digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// With its scope, as `@scope/name`.
    pub name: String,
    pub version: String,
    pub sha512: [u8; 64],
}

impl Release {
    pub fn of_tarball(name: &str, version: &str, tarball: &[u8]) -> Self {
        let sha512 = *crypto::sha512(tarball).as_bytes();
        Self { name: name.to_owned(), version: version.to_owned(), sha512 }
    }

    /// Whether the subject is this release: its digest, and its name as a package URL. The `@` of a scope is
    /// percent-encoded there, but npm's specification of 2022 shows it plain.
    pub(super) fn is(&self, subject: &Subject) -> bool {
        let plain = format!("pkg:npm/{}@{}", self.name, self.version);
        let named = subject.name == plain
            || self
                .name
                .strip_prefix('@')
                .is_some_and(|name| subject.name == format!("pkg:npm/%40{name}@{}", self.version));
        named && subject.sha512 == Some(self.sha512)
    }
}

/// The SHA-512 that a lockfile's or registry's integrity (`sha512-BASE64`, perhaps among others) states; none where it states
/// none, or two that differ.
pub fn sha512_of(integrity: &str) -> Option<[u8; 64]> {
    let mut stated = integrity.split_ascii_whitespace().filter_map(|hash| {
        let base64 = hash.strip_prefix("sha512-")?.split('?').next()?;
        Some(STANDARD.decode(base64).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok()))
    });
    let first = stated.next()??;
    stated.all(|other| other == Some(first)).then_some(first)
}
