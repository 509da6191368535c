//! Who signed.

use chrono::{DateTime, Utc};

/// That an object was signed by somebody whom the operator named. Only [`super::Trust::verify`] makes one: it has no
/// constructor, is not read from anything, and says nothing that was not checked.
#[derive(Debug)]
pub struct Verified {
    signer: Signer,
    committer: Committer,
}

/// Who signed, as the operator named them. Made by the verifier alone, as [`Verified`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Fingerprints in hexadecimal; `key` is the primary key's, or a subkey's. The user ids are those that the key itself
    /// vouches for.
    #[non_exhaustive]
    Gpg { primary: String, key: String, users: Vec<String> },
    /// `principals` as the line of the allowed signers says it (patterns, separated by commas), or those of the certificate
    /// that the line admits.
    #[non_exhaustive]
    Ssh { principals: String, key: String, authority: Option<String> },
    /// Whom the certificate names, and who vouched for that.
    #[non_exhaustive]
    Sigstore { identity: String, issuer: String, signed_at: Option<DateTime<Utc>> },
}

/// Whether the committer's (or tagger's) address is one of the signer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committer {
    IsSigner,
    /// As when a server signs what a person committed; and when somebody signs under another's name.
    IsAnother,
}

impl Verified {
    pub(super) fn new(signer: Signer, committer: Committer) -> Self {
        Self { signer, committer }
    }

    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    pub fn committer(&self) -> Committer {
        self.committer
    }
}
