//! What a verified bundle says.

use super::Claims;
use chrono::{DateTime, Utc};
use sigstore_verify::{
    VerificationResult,
    types::{Bundle, SignatureContent},
};

/// That a bundle holds. Only a [`super::Verifier`] makes one: it has no constructor, is not read from anything, and says
/// nothing that was not checked.
#[derive(Debug)]
pub struct Verified {
    identity: Option<Identity>,
    claims: Option<Box<Claims>>,
    signed_at: Option<DateTime<Utc>>,
    payload: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Identity {
    name: String,
    issuer: String,
}

impl Verified {
    pub(super) fn new(bundle: &Bundle, result: &VerificationResult) -> Self {
        let name = result.identity().map(|name| name.as_str().to_owned());
        let issuer = result.issuer().map(str::to_owned);
        let earliest = result.verified_timestamps().iter().min();
        let payload = match &bundle.content {
            SignatureContent::DsseEnvelope(envelope) => Some(envelope.payload.as_bytes().to_vec()),
            _ => None,
        };
        Self {
            identity: name.zip(issuer).map(|(name, issuer)| Identity { name, issuer }),
            claims: result.certificate().map(Claims::of).map(Box::new),
            signed_at: earliest.and_then(|at| DateTime::from_timestamp(at.as_second(), 0)),
            payload,
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

    /// What else the certificate says; none where a key signed.
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_deref()
    }

    /// The earliest time that a timestamp authority or the log vouches for, to the second; with a key there may be none.
    pub fn signed_at(&self) -> Option<DateTime<Utc>> {
        self.signed_at
    }

    /// What was signed, where that is a statement and not the artifact itself.
    pub(crate) fn payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }
}
