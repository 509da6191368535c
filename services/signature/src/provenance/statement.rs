//! in-toto statements, versions 0.1 and 1: which artifacts something is said about, and what.
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>

use crate::bundle::{Rejection, Verified};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];
/// GitHub attests 1024 artifacts at once; npm and PyPI one.
const MOST_SUBJECTS: usize = 4096;

/// A statement whose signature holds: it is only read from a [`Verified`] bundle.
#[derive(Debug)]
pub struct Statement {
    subjects: Vec<Subject>,
    predicate_type: String,
    /// JSON.
    predicate: Box<RawValue>,
}

/// One artifact. Other digests than these two are not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Empty where there is none.
    pub name: String,
    pub sha256: Option<[u8; 32]>,
    pub sha512: Option<[u8; 64]>,
}

impl Statement {
    /// # Errors
    /// When the artifact itself was signed, and no statement; when it is of an unknown version, or cannot be read.
    pub fn read(verified: &Verified) -> Result<Self, Rejection> {
        let Some(payload) = verified.payload() else {
            return Err(Rejection::Unsupported("the artifact was signed, and no statement about it".to_owned().into()));
        };
        let wire: Wire = serde_json::from_slice(payload).map_err(malformed)?;
        if !TYPES.contains(&wire.kind.as_str()) {
            return Err(Rejection::Unsupported(format!("a statement of type {}", wire.kind).into()));
        }
        if wire.subject.len() > MOST_SUBJECTS {
            return Err(Rejection::Malformed(format!("more than {MOST_SUBJECTS} subjects").into()));
        }
        Ok(Self {
            subjects: wire.subject.into_iter().map(WireSubject::read).collect::<Result<_, _>>()?,
            predicate_type: wire.predicate_type,
            predicate: wire.predicate.unwrap_or_default(),
        })
    }

    /// What it is about. That one of them is the artifact was verified; its name was not looked at then.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// What is said, read as a `T`; of a field that stands twice nobody knows which one others read.
    pub(crate) fn predicate<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Rejection> {
        serde_json::from_str(self.predicate.get()).map_err(malformed)
    }
}

fn malformed(error: serde_json::Error) -> Rejection {
    Rejection::Malformed(format!("the statement: {error}").into())
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<WireSubject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    /// May be left out, or null: PyPI's says nothing.
    #[serde(default)]
    predicate: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct WireSubject {
    #[serde(default, deserialize_with = "or_empty")]
    name: String,
    digest: WireDigest,
}

#[derive(Deserialize)]
struct WireDigest {
    sha256: Option<String>,
    sha512: Option<String>,
}

impl WireSubject {
    fn read(self) -> Result<Subject, Rejection> {
        Ok(Subject { name: self.name, sha256: digest(self.digest.sha256)?, sha512: digest(self.digest.sha512)? })
    }
}

fn digest<const N: usize>(digits: Option<String>) -> Result<Option<[u8; N]>, Rejection> {
    let Some(digits) = digits else { return Ok(None) };
    let mut bytes = [0; N];
    hex::decode_to_slice(&digits, &mut bytes)
        .map_err(|_| Rejection::Malformed(format!("{digits} is no digest of {} bits", N * 8).into()))?;
    Ok(Some(bytes))
}

fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
