//! What a Python index says about a file: attestations and provenance objects of PEP 740.
//!
//! An *attestation* is a Sigstore bundle in other words: a statement that names the file and its digest, signed by a
//! short-lived certificate, and logged. A *provenance object* is what an index serves for a file: attestations, grouped by
//! the *publisher* (the workflow that was allowed to upload). The index verified them when they were uploaded; here that is
//! done again, so that its word is not needed: the publisher that it names must be the one that the certificate names.
//!
//! Who is stopped, as long as somebody compares the publisher with those of the releases before:
//!
//! - **A registry account** or a stolen upload token: what it uploads has no attestation by the project's workflow.
//! - **An index**, **a mirror** or **the network** that hands out another file, or the attestation of another one: file name and
//!   SHA-256 are both part of the statement. One that names another publisher: the certificate disagrees.
//! - **A workflow** of the same repository that is not the one that publishes.
//!
//! The environment of a publisher is the index's word where the certificate names none. An index that leaves the object out is
//! for the caller to notice.

mod filename;
mod identity;
mod object;
mod publisher;

pub use identity::{BadIdentity, Identity};
pub use object::{MOST_OBJECT, PUBLISH, Published, attestation, objects, provenance, read};
pub use publisher::Publisher;

use crate::{Error, file};
use sigstore_verify::crypto;
use std::path::Path;

/// The file whose papers are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// As the index lists it, without a folder.
    pub name: String,
    pub sha256: [u8; 32],
}

impl File {
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), sha256: *crypto::sha256(bytes).as_bytes() }
    }

    /// A file on disk, of any size; it is called there as the index lists it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let sha256 = crypto::sha256_reader(file::open(path)?)
            .map_err(|cause| Error::Unreadable { path: path.to_owned(), cause })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, sha256: *sha256.as_bytes() })
    }
}
