//! What was found of an attestation, whichever registry or host it comes from: frozen names, read by policy.
//!
//! These are records of what a verifier answered, to be kept and compared. They can be read back from JSON, so they prove
//! nothing themselves: what proves is [`crate::bundle::Verified`], of which they are made.

use crate::{
    bundle::{Claims, Quoted, Rejection, Verified},
    provenance::{Disagreement, Field, Provenance, ProvenanceFacts, Statement},
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One attestation, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Attestation {
    Verified(Box<Attested>),
    Rejected {
        /// What it claimed to be, where that could be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        predicate_type: Option<String>,
        #[serde(flatten)]
        rejected: Rejected,
    },
}

/// An attestation that holds: for this artifact, by this signer. Whether that is the right one may be left to the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attested {
    pub predicate_type: String,
    pub signer: Signer,
    /// The earliest time that a timestamp authority or the log vouches for.
    pub signed_at: Option<DateTime<Utc>>,
    /// Where it was built, for a provenance.
    pub provenance: Option<ProvenanceFacts>,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Signer {
    Identity {
        /// Whom the certificate names: a workflow's address, or an e-mail address.
        identity: String,
        /// Who vouched for that: an OpenID provider's address.
        issuer: String,
        /// What it says of the build.
        claims: Box<Claims>,
    },
    Key {
        /// The registry's name for its key.
        keyid: String,
    },
}

/// Why an attestation does not hold. The reason is for programs, the words are for a person and may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    pub reason: Reason,
    /// One line, without control characters.
    pub detail: String,
}

/// Each reason is a fact of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    TooLarge,
    Malformed,
    /// Well formed, of a kind or version that is not known.
    Unsupported,
    NoCertificate,
    /// Signed by a certificate where a key must have signed.
    NotByKey,
    NoIdentity,
    OtherIdentity,
    OtherIssuer,
    OtherRepository,
    OtherWorkflow,
    OtherEnvironment,
    OtherKey,
    /// Signed by a key that is not among those of the registry.
    UnknownKey,
    /// Signed after its key had expired.
    ExpiredKey,
    /// Statement, signature or key was altered.
    Signature,
    /// About other bytes.
    OtherArtifact,
    /// About these bytes under another name or version.
    OtherRelease,
    /// It says that it is of another kind than its statement is.
    OtherPredicate,
    DigestIsNotEnough,
    UntrustedCertificate,
    /// The certificate had expired, or was not valid yet.
    NotValidAtSigning,
    /// Signed after all that the trusted root names had ended.
    StaleRoot,
    CertificateNotLogged,
    NoInclusionProof,
    NotInLog,
    UnknownLog,
    OtherEntry,
    Timestamp,
    NoTime,
    /// The builder that the statement names is none that the certificate knows.
    OtherBuilder,
    /// Statement and certificate disagree about something else.
    Disagreement,
    /// A provenance that no builder's certificate vouches for.
    NoBuild,
}

impl Attestation {
    /// `predicate_type` may be anybody's text.
    pub(crate) fn rejected(predicate_type: Option<String>, rejected: Rejected) -> Self {
        Self::Rejected { predicate_type: predicate_type.map(|text| Quoted::from(text).to_string()), rejected }
    }

    /// What it is, or claimed to be.
    pub fn predicate_type(&self) -> Option<&str> {
        match self {
            Self::Verified(attested) => Some(&attested.predicate_type),
            Self::Rejected { predicate_type, .. } => predicate_type.as_deref(),
        }
    }

    /// What holds, if it holds.
    pub fn attested(&self) -> Option<&Attested> {
        match self {
            Self::Verified(attested) => Some(attested),
            Self::Rejected { .. } => None,
        }
    }
}

impl Attested {
    /// Of a statement that a certificate signed; a provenance must agree with the certificate.
    pub(crate) fn by_certificate(verified: &Verified, statement: &Statement) -> Result<Self, Rejected> {
        let signer = match (verified.identity(), verified.issuer(), verified.claims()) {
            (Some(identity), Some(issuer), Some(claims)) => Signer::Identity {
                identity: identity.to_owned(),
                issuer: issuer.to_owned(),
                claims: Box::new(claims.clone()),
            },
            _ => return Err(Rejected::from(&Rejection::NoCertificate)),
        };
        Self::new(verified, statement, signer)
    }

    /// Of a statement that the registry's key signed.
    pub(crate) fn by_key(verified: &Verified, statement: &Statement, keyid: &str) -> Result<Self, Rejected> {
        Self::new(verified, statement, Signer::Key { keyid: keyid.to_owned() })
    }

    fn new(verified: &Verified, statement: &Statement, signer: Signer) -> Result<Self, Rejected> {
        let provenance = Provenance::read(verified, statement).transpose()?;
        Ok(Self {
            predicate_type: Quoted::from(statement.predicate_type().to_owned()).to_string(),
            signer,
            signed_at: verified.signed_at(),
            provenance: provenance.map(|provenance| provenance.facts().clone()),
        })
    }
}

impl Rejected {
    /// `detail` may quote anybody's text.
    pub(crate) fn new(reason: Reason, detail: String) -> Self {
        Self { reason, detail: Quoted::from(detail).to_string() }
    }
}

impl From<&Rejection> for Rejected {
    fn from(rejection: &Rejection) -> Self {
        let reason = match rejection {
            Rejection::TooLarge { .. } => Reason::TooLarge,
            Rejection::Malformed(_) => Reason::Malformed,
            Rejection::Unsupported(_) => Reason::Unsupported,
            Rejection::NoCertificate => Reason::NoCertificate,
            Rejection::NotByKey => Reason::NotByKey,
            Rejection::NoIdentity => Reason::NoIdentity,
            Rejection::OtherIdentity { .. } => Reason::OtherIdentity,
            Rejection::OtherIssuer { .. } => Reason::OtherIssuer,
            Rejection::OtherRepository { .. } => Reason::OtherRepository,
            Rejection::OtherWorkflow { .. } => Reason::OtherWorkflow,
            Rejection::OtherKey => Reason::OtherKey,
            Rejection::Signature(_) => Reason::Signature,
            Rejection::OtherArtifact(_) => Reason::OtherArtifact,
            Rejection::DigestIsNotEnough(_) => Reason::DigestIsNotEnough,
            Rejection::UntrustedCertificate(_) => Reason::UntrustedCertificate,
            Rejection::NotValidAtSigning(_) => Reason::NotValidAtSigning,
            Rejection::StaleRoot(_) => Reason::StaleRoot,
            Rejection::CertificateNotLogged(_) => Reason::CertificateNotLogged,
            Rejection::NoInclusionProof(_) => Reason::NoInclusionProof,
            Rejection::NotInLog(_) => Reason::NotInLog,
            Rejection::UnknownLog { .. } => Reason::UnknownLog,
            Rejection::OtherEntry(_) => Reason::OtherEntry,
            Rejection::Timestamp(_) => Reason::Timestamp,
            Rejection::NoTime(_) => Reason::NoTime,
        };
        Self { reason, detail: rejection.to_string() }
    }
}

impl From<&Disagreement> for Rejected {
    fn from(disagreement: &Disagreement) -> Self {
        let reason = match disagreement {
            Disagreement::Field { field: Field::Builder, .. } => Reason::OtherBuilder,
            Disagreement::Field { .. } => Reason::Disagreement,
            Disagreement::NoBuild => Reason::NoBuild,
        };
        Self { reason, detail: disagreement.to_string() }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}
