//! What a verified bundle says.

use chrono::{DateTime, Utc};
use sigstore_verify::VerificationResult;

/// That a bundle holds. Only [`super::Verifier::verify`] makes one: it has no constructor, is not read from anything, and
/// says nothing that was not checked.
#[derive(Debug)]
pub struct Verified {
    identity: Option<Identity>,
    signed_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Identity {
    name: String,
    issuer: String,
}

impl Verified {
    pub(super) fn new(result: &VerificationResult) -> Self {
        let name = result.identity().map(|name| name.as_str().to_owned());
        let issuer = result.issuer().map(str::to_owned);
        let earliest = result.verified_timestamps().iter().min();
        Self {
            identity: name.zip(issuer).map(|(name, issuer)| Identity { name, issuer }),
            signed_at: earliest.and_then(|at| DateTime::from_timestamp(at.as_second(), 0)),
        }
    }

    /// Whom the certificate names; none where a key signed.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_ref().map(|identity| identity.name.as_str())
    }

    /// Who vouched for the identity: the OpenID provider's address.
    pub fn issuer(&self) -> Option<&str> {
        self.identity.as_ref().map(|identity| identity.issuer.as_str())
    }

    /// The earliest time that a timestamp authority or the log vouches for, to the second; with a key there may be none.
    pub fn signed_at(&self) -> Option<DateTime<Utc>> {
        self.signed_at
    }
}
