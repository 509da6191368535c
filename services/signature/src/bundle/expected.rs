//! By whom the operator wants a thing to be signed. There is no "anyone".

use crate::{Error, file};
use sigstore_verify::{crypto::VerificationKey, types::DerPublicKey};
use std::path::Path;

/// A public key takes some hundred bytes.
const MOST_KEY: usize = 64 << 10;

#[derive(Debug, Clone)]
pub enum Expected {
    /// The certificate's subject alternative name (a workflow's address or an e-mail address), and who vouched for it.
    /// Both are compared whole: no patterns, since a pattern's mistakes favour the attacker.
    Identity {
        identity: String,
        issuer: String,
    },
    /// A workflow on whatever branch or tag: who publishes from tags cannot name the next one.
    Workflow(Workflow),
    Key(PublicKey),
}

/// A file that says how a repository is built, and the issuer whose word is taken for it. The certificate's parts are
/// compared with these one by one and whole; nothing is searched in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    pub issuer: String,
    /// The repository's address, as `https://HOST/OWNER/NAME`.
    pub repository: String,
    /// The file in it, as `.github/workflows/release.yml`.
    pub path: String,
}

/// A public key that can verify signatures.
#[derive(Debug, Clone)]
pub struct PublicKey(DerPublicKey);

impl PublicKey {
    /// `name` is for messages.
    ///
    /// # Errors
    /// [`Error::BadKey`] when it is no SubjectPublicKeyInfo in PEM, or of a kind that is not known.
    pub fn from_pem(name: &str, pem: &str) -> Result<Self, Error> {
        let bad = |cause: String| Error::BadKey { name: name.to_owned(), cause };
        let key = DerPublicKey::from_pem(pem).map_err(|error| bad(error.to_string()))?;
        VerificationKey::from_spki(&key).map_err(|error| bad(error.to_string()))?;
        Ok(Self(key))
    }

    /// # Errors
    /// As [`Self::from_pem`], and when the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let bytes = file::read(path, MOST_KEY)?;
        let pem = String::from_utf8(bytes)
            .map_err(|_| Error::BadKey { name: name.clone(), cause: "it is not text".into() })?;
        Self::from_pem(&name, &pem)
    }

    /// A key that can be used: of a registry's keys.
    pub(crate) fn from_der(der: DerPublicKey) -> Self {
        Self(der)
    }

    pub(super) fn der(&self) -> &DerPublicKey {
        &self.0
    }
}
