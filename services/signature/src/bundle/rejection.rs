//! Why a bundle does not hold, in words for who reads a check.

use super::{
    Expected, Quoted,
    known::{Ended, Known, Role},
};
use crate::Error;
use sigstore_verify::{
    CertificateError, TimestampError, TransparencyLogError, bundle,
    crypto::parse_certificate_info,
    rekor::body::{DsseV001Signature, IntotoSignature, RekorEntryBody},
    types::{Bundle, DerCertificate, DerPublicKey, TransparencyLogEntry},
};
use std::fmt;

/// The first thing that does not hold. The texts within are the library's, for a person; a program reads the variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    TooLarge {
        most: usize,
    },
    Malformed(Quoted),
    /// Well formed, of a kind or version that is not known.
    Unsupported(Quoted),
    /// An identity is expected, and no certificate is there to name one.
    NoCertificate,
    /// A key is expected, and it was signed with a certificate.
    NotByKey,
    OtherIdentity {
        expected: String,
        found: Option<Quoted>,
    },
    OtherIssuer {
        expected: String,
        found: Option<Quoted>,
    },
    /// The certificate does not say who signed, and who vouches for that.
    NoIdentity,
    /// Built from another repository.
    OtherRepository {
        expected: String,
        found: Option<Quoted>,
    },
    /// By another workflow of the expected repository.
    OtherWorkflow {
        expected: String,
        found: Option<Quoted>,
    },
    /// The signature was made, and logged, with another key than the one that was expected.
    OtherKey,
    /// The signature does not belong to the content and the key: one of the three was altered.
    Signature(Quoted),
    /// Made for something else: the digest, or the subjects of the statement, are those of another artifact.
    OtherArtifact(Quoted),
    /// A digest was given where the artifact is needed.
    DigestIsNotEnough(Quoted),
    UntrustedCertificate(Quoted),
    NotValidAtSigning(Quoted),
    /// Signed after all that the trusted root names of a kind had ended: by what was retired, or the root is out of date.
    StaleRoot(Ended),
    /// The authority did not publish the certificate (signed certificate timestamp).
    CertificateNotLogged(Quoted),
    /// Nothing shows that the signature was logged.
    NoInclusionProof(Quoted),
    /// What should show it does not hold: the Merkle proof, the checkpoint, or the log's promise.
    NotInLog(Quoted),
    UnknownLog {
        log: Quoted,
    },
    /// The log's entry is about another signature.
    OtherEntry(Quoted),
    Timestamp(Quoted),
    /// Nobody who is trusted says when it was signed.
    NoTime(Quoted),
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { most } => write!(f, "the bundle is larger than {most} bytes"),
            Self::Malformed(detail) => write!(f, "the bundle cannot be read: {detail}"),
            Self::Unsupported(detail) => write!(f, "the bundle is of a kind that is not known: {detail}"),
            Self::NoCertificate => {
                f.write_str("an identity is expected, and the bundle has no certificate; was it signed by a key?")
            }
            Self::NotByKey => {
                f.write_str("a signature by the key is expected, and the bundle was signed with a certificate")
            }
            Self::OtherIdentity { expected, found } => {
                write!(f, "not signed by the expected identity: {expected} is expected, it was {}", or_nobody(found))
            }
            Self::OtherIssuer { expected, found } => write!(
                f,
                "the identity was not vouched for by the expected issuer: {expected} is expected, it was {}",
                or_nobody(found)
            ),
            Self::NoIdentity => f.write_str("the certificate does not say who signed and who vouches for that"),
            Self::OtherRepository { expected, found } => {
                write!(f, "built from another repository: {expected} is expected, it was {}", or_nothing(found))
            }
            Self::OtherWorkflow { expected, found } => {
                write!(f, "built by another workflow: {expected} is expected, it was {}", or_nothing(found))
            }
            Self::OtherKey => f.write_str("signed with another key than the expected one"),
            Self::Signature(detail) => {
                write!(
                    f,
                    "the signature does not fit: what was signed, the signature or the key was altered ({detail})"
                )
            }
            Self::OtherArtifact(detail) => write!(f, "the bundle was made for another artifact ({detail})"),
            Self::DigestIsNotEnough(detail) => {
                write!(f, "this signature cannot be checked by the digest alone; name the file ({detail})")
            }
            Self::UntrustedCertificate(detail) => {
                write!(f, "the certificate does not come from a trusted authority ({detail})")
            }
            Self::NotValidAtSigning(detail) => write!(f, "the certificate was not valid at signing time ({detail})"),
            Self::StaleRoot(ended) => write!(
                f,
                "the trusted root knows nobody for the time of signing ({ended}): the root is out of date, or what was retired \
                 signed; get the instance's current trusted root"
            ),
            Self::CertificateNotLogged(detail) => {
                write!(f, "the certificate is not shown to have been published ({detail})")
            }
            Self::NoInclusionProof(detail) => write!(f, "no proof that the signature is in the log ({detail})"),
            Self::NotInLog(detail) => write!(f, "the proof that the signature is in the log does not hold ({detail})"),
            Self::UnknownLog { log } => write!(f, "logged in {log}, which is no log of the trusted root"),
            Self::OtherEntry(detail) => write!(f, "the log's entry is about another signature ({detail})"),
            Self::Timestamp(detail) => write!(f, "a timestamp does not hold ({detail})"),
            Self::NoTime(detail) => write!(f, "nobody who is trusted says when it was signed ({detail})"),
        }
    }
}

fn or_nobody(found: &Option<Quoted>) -> &str {
    found.as_ref().map(Quoted::as_str).unwrap_or("nobody")
}

fn or_nothing(found: &Option<Quoted>) -> &str {
    found.as_ref().map(Quoted::as_str).unwrap_or("none that the certificate names")
}

/// What was asked: it says more of the reason than the library's error does.
pub(super) struct Asked<'a> {
    pub(super) bundle: &'a Bundle,
    /// None, when it was asked who signed.
    pub(super) expected: Option<&'a Expected>,
    /// What the trusted root names.
    pub(super) known: &'a Known,
}

/// What is looked up here, and the few words of the library that are read, choose between reasons alone: it is a rejection
/// already. So is what the library may add one day.
impl Asked<'_> {
    pub(super) fn read(&self, error: sigstore_verify::Error) -> Result<Rejection, crate::Error> {
        use sigstore_verify::Error as Library;
        Ok(match error {
            Library::ArtifactRead(cause) => return Err(Error::Artifact(cause)),
            Library::IdentityMismatch { expected, actual } => Rejection::OtherIdentity {
                expected: expected.to_string(),
                found: actual.map(|found| found.as_str().to_owned().into()),
            },
            Library::IssuerMismatch { expected, actual } => {
                Rejection::OtherIssuer { expected, found: actual.map(Quoted::from) }
            }
            Library::SignatureInvalid(_) if self.by_other_key() => Rejection::OtherKey,
            Library::SignatureInvalid(detail) => Rejection::Signature(detail.into()),
            // By then the signature has been found to fit the artifact or statement.
            Library::ArtifactMismatch(detail) if detail.contains("hashedrekord entry") => {
                Rejection::OtherEntry(detail.into())
            }
            Library::ArtifactMismatch(detail) => Rejection::OtherArtifact(detail.into()),
            Library::UnsupportedArtifact(detail) => Rejection::DigestIsNotEnough(detail.into()),
            // Once the root is read, this is said of its logs of certificates alone.
            Library::InvalidTrustRoot(detail) => Rejection::CertificateNotLogged(detail.into()),
            Library::Certificate(error) => self.certificate(&error),
            Library::TransparencyLog(error) => self.log(&error),
            Library::Timestamp(TimestampError::OutsideAuthorityValidity { time }) => {
                let detail = format!("the authority that made it is not trusted for its time, {time}");
                self.stale(Role::TimestampAuthority, time.as_second()).unwrap_or(Rejection::Timestamp(detail.into()))
            }
            Library::Timestamp(TimestampError::NoVerifiedTimestamp(detail)) => Rejection::NoTime(detail.into()),
            Library::Timestamp(error) => Rejection::Timestamp(error.to_string().into()),
            Library::Bundle(error) => structure(&error),
            Library::InvalidBundle(detail) => Rejection::Malformed(detail.into()),
            Library::UnsupportedBundle(detail) => Rejection::Unsupported(detail.into()),
            other => Rejection::Unsupported(other.to_string().into()),
        })
    }

    fn log(&self, error: &TransparencyLogError) -> Rejection {
        let detail = Quoted::from(error.to_string());
        match error {
            TransparencyLogError::EntryMismatch(_) => Rejection::OtherEntry(detail),
            TransparencyLogError::IntegratedTime(_) => Rejection::NotValidAtSigning(detail),
            TransparencyLogError::MalformedEntry(_) => Rejection::Malformed(detail),
            TransparencyLogError::InclusionPromise(text) if text.contains("No log key valid at") => {
                self.unknown_log().or_else(|| self.late_entry()).unwrap_or(Rejection::NotInLog(detail))
            }
            _ => self.unknown_log().unwrap_or(Rejection::NotInLog(detail)),
        }
    }

    fn unknown_log(&self) -> Option<Rejection> {
        let mut entries = self.bundle.verification_material.tlog_entries.iter();
        let unknown = entries.find(|entry| self.known.log(&entry.log_id.key_id).is_none())?;
        Some(Rejection::UnknownLog { log: unknown.log_id.key_id.to_string().into() })
    }

    /// Whether an entry is of a time when all the logs of the trusted root had ended.
    fn late_entry(&self) -> Option<Rejection> {
        let entries = &self.bundle.verification_material.tlog_entries;
        let times = entries.iter().filter_map(|entry| entry.integrated_time);
        times.map(|time| time.as_second()).find_map(|time| self.stale(Role::Log, time))
    }

    fn stale(&self, role: Role, time: i64) -> Option<Rejection> {
        self.known.ended(role, time).map(Rejection::StaleRoot)
    }

    /// When the certificate was issued.
    fn issued(&self) -> Option<i64> {
        let certificate = parse_certificate_info(self.bundle.signing_certificate()?).ok()?;
        Some(certificate.not_before.as_second())
    }

    fn certificate(&self, error: &CertificateError) -> Rejection {
        let stale = match error {
            CertificateError::NoValidAuthority { time } => self.stale(Role::CertificateAuthority, time.as_second()),
            CertificateError::Sct(text) if text.contains("not valid at") => {
                self.issued().and_then(|time| self.stale(Role::CertificateLog, time))
            }
            _ => None,
        };
        stale.unwrap_or_else(|| certificate(error))
    }

    /// Whether each of the log's entries names another key than the expected one.
    fn by_other_key(&self) -> bool {
        let Some(Expected::Key(key)) = self.expected else { return false };
        let entries = &self.bundle.verification_material.tlog_entries;
        let mut keys = entries.iter().filter_map(logged_key).peekable();
        keys.peek().is_some() && keys.all(|logged| logged != *key.der())
    }
}

fn certificate(error: &CertificateError) -> Rejection {
    let detail = Quoted::from(error.to_string());
    match error {
        CertificateError::NotYetValid { .. }
        | CertificateError::Expired { .. }
        | CertificateError::NoValidAuthority { .. } => Rejection::NotValidAtSigning(detail),
        CertificateError::ChainInvalid(text) if text.contains("CertExpired") || text.contains("CertNotValidYet") => {
            Rejection::NotValidAtSigning(detail)
        }
        CertificateError::Sct(_) => Rejection::CertificateNotLogged(detail),
        CertificateError::Malformed(text) if text.contains("UnsupportedCriticalExtension") => {
            Rejection::Unsupported(detail)
        }
        CertificateError::Malformed(_) => Rejection::Malformed(detail),
        _ => Rejection::UntrustedCertificate(detail),
    }
}

fn structure(error: &bundle::Error) -> Rejection {
    let detail = Quoted::from(error.to_string());
    match error {
        bundle::Error::MissingInclusionProof(_)
        | bundle::Error::MissingInclusionPromise(_)
        | bundle::Error::MissingSigningTimeEvidence
        | bundle::Error::MissingCheckpoint => Rejection::NoInclusionProof(detail),
        bundle::Error::LogIndexOutOfRange { .. } | bundle::Error::CheckpointRootMismatch => Rejection::NotInLog(detail),
        bundle::Error::UnsupportedMediaType(_) | bundle::Error::UnsupportedVerificationMaterial => {
            Rejection::Unsupported(detail)
        }
        _ => Rejection::Malformed(detail),
    }
}

/// The key, or that of the certificate, which the log says an entry was signed with.
fn logged_key(entry: &TransparencyLogEntry) -> Option<DerPublicKey> {
    match RekorEntryBody::parse(&entry.canonicalized_body, entry.kind_version).ok()? {
        RekorEntryBody::HashedRekordV001(body) => body.spec.signature.public_key.parse_public_key().ok(),
        RekorEntryBody::HashedRekordV002(body) => {
            body.spec.hashed_rekord_v002.signature.verifier.public_key.map(|key| key.raw_bytes)
        }
        RekorEntryBody::DsseV001(body) => body.spec.signatures.first().and_then(dsse_key),
        RekorEntryBody::IntotoV002(body) => body.spec.content.envelope.signatures.first().and_then(in_toto_key),
        _ => None,
    }
}

fn dsse_key(signature: &DsseV001Signature) -> Option<DerPublicKey> {
    let pem = std::str::from_utf8(signature.verifier.as_bytes()).ok()?;
    DerPublicKey::from_pem(pem).ok().or_else(|| certified_key(&signature.parse_certificate().ok()?))
}

fn in_toto_key(signature: &IntotoSignature) -> Option<DerPublicKey> {
    signature.parse_public_key().ok().or_else(|| certified_key(&signature.parse_certificate().ok()?))
}

fn certified_key(certificate: &DerCertificate) -> Option<DerPublicKey> {
    Some(parse_certificate_info(certificate).ok()?.public_key)
}
