//! Bytes that are what their digest says.

use bytes::Bytes;
use lockgate_model::{Digest, DigestAlgorithm, DigestComparison};
use sha2::{Digest as _, Sha256};

/// Bytes with their SHA-256. Made only by hashing them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    bytes: Bytes,
    sha256: Digest,
}

/// Bytes that are not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bytes hash to {found}, not to {wanted}")]
pub struct Mismatch {
    pub wanted: Digest,
    pub found: Digest,
}

impl Verified {
    /// Names bytes by what they are.
    pub fn naming(bytes: Bytes) -> Self {
        let sha256 = Digest::sha256(&bytes);
        Self { bytes, sha256 }
    }

    /// # Errors
    /// [`Mismatch`] when the bytes do not hash to `wanted`, under its own algorithm.
    pub fn new(bytes: Bytes, wanted: &Digest) -> Result<Self, Mismatch> {
        if wanted.matches(&bytes) != DigestComparison::Equal {
            let found = Digest::of(wanted.algorithm(), &bytes);
            return Err(Mismatch { wanted: wanted.clone(), found });
        }
        Ok(Self::naming(bytes))
    }

    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub fn sha256(&self) -> &Digest {
        &self.sha256
    }
}

/// A SHA-256 that is computed while bytes arrive.
#[derive(Debug, Default)]
pub(crate) struct Hashing {
    hasher: Sha256,
    pub(crate) length: u64,
}

impl Hashing {
    pub(crate) fn update(&mut self, chunk: &[u8]) {
        self.hasher.update(chunk);
        self.length += chunk.len() as u64;
    }

    pub(crate) fn finish(self) -> Digest {
        let bytes = self.hasher.finalize();
        Digest::new(DigestAlgorithm::Sha256, bytes.as_slice()).expect("a SHA-256 has 32 bytes")
    }

    /// [`Verified`] from bytes of which every one went through [`Self::update`]: they are not hashed twice.
    pub(crate) fn verified(self, bytes: Bytes) -> Verified {
        debug_assert_eq!(self.length, bytes.len() as u64, "all bytes were hashed");
        Verified { sha256: self.finish(), bytes }
    }
}
