//! Why a commit's or tag's signature does not count.

use super::ssh;
use crate::bundle::{self, Quoted};
use chrono::{DateTime, Utc};
use std::fmt;

/// The first thing that does not hold. A program reads the variant (or [`Self::reason`]), a person the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    TooLarge {
        most: usize,
    },
    /// The bytes are not those that the id names.
    OtherObject {
        found: String,
    },
    /// The bytes were made to have the same SHA-1 digest as others.
    Collision,
    Malformed(Quoted),
    SignedTwice,
    /// The signature is over the object's form in the other object format (SHA-1, SHA-256).
    OtherForm,
    /// A tag that is called otherwise than the reference that leads to it.
    OtherName {
        found: Quoted,
    },
    /// Of a kind for which the operator named nobody.
    NobodyTrusted {
        kind: &'static str,
    },
    /// The signature does not belong to the object and the key: one of the three was altered.
    Signature,
    /// Signed for another purpose than git.
    OtherPurpose {
        found: Quoted,
    },
    UnknownKey {
        key: Quoted,
    },
    KeyExpired {
        key: String,
        at: DateTime<Utc>,
    },
    /// The signature says that it is older than the key, or than its validity.
    KeyNotYetValid {
        key: String,
        from: DateTime<Utc>,
    },
    KeyRevoked {
        key: String,
        why: &'static str,
    },
    /// The owner of the key did not allow it to sign.
    NotForSigning {
        key: String,
    },
    /// Nothing that holds shows that the key belongs to its owner: no self-signature, or none of a subkey.
    NotBound {
        key: String,
    },
    SignatureExpired {
        at: DateTime<Utc>,
    },
    FromTheFuture {
        at: DateTime<Utc>,
    },
    WeakHash {
        hash: &'static str,
    },
    WeakKey {
        key: String,
        bits: usize,
    },
    Unsupported(Quoted),
    Certificate(ssh::CertificateFault),
    /// A Sigstore signature without a proof that it is in the log.
    NotShownInLog,
    /// What is in the Sigstore signature does not hold.
    Sigstore(Box<bundle::Rejection>),
}

impl Rejection {
    /// A name for programs; it stays.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::OtherObject { .. } => "other-object",
            Self::Collision => "collision",
            Self::Malformed(_) => "malformed",
            Self::SignedTwice => "signed-twice",
            Self::OtherForm => "other-form",
            Self::OtherName { .. } => "other-name",
            Self::NobodyTrusted { .. } => "nobody-trusted",
            Self::Signature => "bad-signature",
            Self::OtherPurpose { .. } => "other-purpose",
            Self::UnknownKey { .. } => "unknown-key",
            Self::KeyExpired { .. } => "key-expired",
            Self::KeyNotYetValid { .. } => "key-not-yet-valid",
            Self::KeyRevoked { .. } => "key-revoked",
            Self::NotForSigning { .. } => "not-for-signing",
            Self::NotBound { .. } => "key-not-bound",
            Self::SignatureExpired { .. } => "signature-expired",
            Self::FromTheFuture { .. } => "from-the-future",
            Self::WeakHash { .. } => "weak-hash",
            Self::WeakKey { .. } => "weak-key",
            Self::Unsupported(_) => "unsupported",
            Self::Certificate(_) => "certificate",
            Self::NotShownInLog => "not-shown-in-log",
            Self::Sigstore(_) => "sigstore",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { most } => write!(f, "the object is larger than {most} bytes"),
            Self::OtherObject { found } => {
                write!(f, "the repository is damaged or forged: the bytes under this id have the id {found}")
            }
            Self::Collision => f.write_str("the object was made to have the SHA-1 digest of another one"),
            Self::Malformed(why) => write!(f, "the object or its signature cannot be read: {why}"),
            Self::SignedTwice => f.write_str("it carries more than one signature, which can be read in two ways"),
            Self::OtherForm => {
                f.write_str("it is signed in its other form alone (gpgsig-sha256 among SHA-1 ids, or the reverse)")
            }
            Self::OtherName { found } => write!(f, "the tag that this name leads to calls itself {found}; ask for that one, or for its commit"),
            Self::NobodyTrusted { kind } => write!(f, "it is signed by {kind}, and nobody is named who may sign so"),
            Self::Signature => f.write_str("the signature does not fit: the object, the signature or the key was altered"),
            Self::OtherPurpose { found } => write!(f, "the signature was made for {found}, not for git"),
            Self::UnknownKey { key } => write!(f, "signed with a key that is not among the trusted ones: {key}"),
            Self::KeyExpired { key, at } => write!(f, "the key {key} expired at {}", minute(at)),
            Self::KeyNotYetValid { key, from } => {
                write!(f, "signed before the key {key} was valid, at {}", minute(from))
            }
            Self::KeyRevoked { key, why } => write!(f, "the key {key} is revoked ({why})"),
            Self::NotForSigning { key } => write!(f, "the key {key} is not meant to sign data"),
            Self::NotBound { key } => {
                write!(f, "nothing that holds shows that the key {key} belongs to its owner; export the key anew")
            }
            Self::SignatureExpired { at } => write!(f, "the signature expired at {}", minute(at)),
            Self::FromTheFuture { at } => write!(f, "the signature says that it was made at {}", minute(at)),
            Self::WeakHash { hash } => write!(f, "the signature rests on {hash}, which can be forged; sign it anew"),
            Self::WeakKey { key, bits } => write!(f, "the key {key} has {bits} bits, which is too weak"),
            Self::Unsupported(what) => write!(f, "of a kind that is not verified: {what}"),
            Self::Certificate(fault) => write!(f, "the signer's SSH certificate does not hold: {fault}"),
            Self::NotShownInLog => f.write_str(
                "the signature has no proof that it is in the log; sign with gitsign's rekorMode=offline, which puts it in",
            ),
            Self::Sigstore(rejection) => rejection.fmt(f),
        }
    }
}

fn minute(at: &DateTime<Utc>) -> impl fmt::Display {
    at.format("%Y-%m-%d %H:%MZ")
}
