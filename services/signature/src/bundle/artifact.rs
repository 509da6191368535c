//! What the signature is said to be for.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

#[derive(Debug, Clone)]
pub enum Artifact {
    Bytes(Vec<u8>),
    /// Read when it is needed; of any size.
    File(PathBuf),
    Sha256([u8; 32]),
    /// Of use for statements alone, and only for those that name it by this digest: npm's do.
    Sha512([u8; 64]),
}

impl Artifact {
    /// `sha256:` and 64 hex digits, if no file is called so; else the name of a file. That is the protocol of the
    /// conformance suite's clients.
    pub fn named(text: &OsStr) -> Self {
        let digest = text.to_str().and_then(|text| text.strip_prefix("sha256:"));
        let mut sha256 = [0; 32];
        match digest.map(|digits| hex::decode_to_slice(digits, &mut sha256)) {
            Some(Ok(())) if !Path::new(text).exists() => Self::Sha256(sha256),
            _ => Self::File(text.into()),
        }
    }
}
