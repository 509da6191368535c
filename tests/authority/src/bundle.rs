//! Bundles: what was signed, by whom, and what shows it.

use crate::{
    Authority, Kind,
    key::{Key, base64, sha256},
};
use serde_json::{Value, json};

/// The type of an in-toto statement in an envelope.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// The artifact itself is signed.
    Message(&'a [u8]),
    /// An in-toto statement (JSON) is, in an envelope.
    Statement(&'a str),
}

/// Who signs: a key, and what a bundle shows of it.
#[derive(Debug, Clone)]
pub struct Signer {
    pub key: Key,
    pub material: Material,
}

#[derive(Debug, Clone)]
pub enum Material {
    /// DER; the key's own first, then those above it, as far as a bundle shows them.
    Certificates(Vec<Vec<u8>>),
    /// Nothing but a hint which key it may be.
    Key { hint: String },
}

impl Signer {
    /// By a key alone.
    pub fn with_key(key: Key, hint: &str) -> Self {
        Self { key, material: Material::Key { hint: hint.to_owned() } }
    }

    pub fn with_certificates(key: Key, certificates: Vec<Vec<u8>>) -> Self {
        Self { key, material: Material::Certificates(certificates) }
    }

    pub fn sign(&self, content: Content<'_>) -> Vec<u8> {
        self.key.sign(&content.signed())
    }

    /// The statement with its signature (DSSE).
    pub(crate) fn envelope(&self, content: Content<'_>, signature: &[u8]) -> Value {
        let mut signed = json!({"sig": base64(signature)});
        if let Material::Key { hint } = &self.material {
            signed["keyid"] = hint.as_str().into();
        }
        json!({"payload": base64(content.bytes()), "payloadType": IN_TOTO, "signatures": [signed]})
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// A chain of certificates, and a promise; a proof is optional.
    V0_1,
    /// A chain of certificates, and a proof.
    V0_2,
    /// One certificate, and a proof.
    V0_3,
}

impl Version {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::V0_1 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
            Self::V0_2 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
            Self::V0_3 => "application/vnd.dev.sigstore.bundle.v0.3+json",
        }
    }
}

/// Who says when it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The log, by its promise; those of the first generation do.
    Log,
    /// The timestamp authority.
    Timestamp,
    Both,
    Nobody,
}

/// How a bundle is made.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    pub version: Version,
    /// None: what is usual, `hashedrekord` 0.0.1 for messages and `dsse` 0.0.1 for statements.
    pub kind: Option<Kind>,
    pub time: Time,
    /// Whether the log shows that it holds the entry.
    pub proof: bool,
    /// When it was signed and logged, in seconds since 1970.
    pub at: i64,
}

/// Version 0.3, a log of the first generation, which says when, a minute after [`crate::NEW_YEAR`].
impl Default for Recipe {
    fn default() -> Self {
        Self { version: Version::V0_3, kind: None, time: Time::Log, proof: true, at: crate::NEW_YEAR + 60 }
    }
}

impl Recipe {
    /// As bundles are made now: a log of the second generation, and a timestamp.
    pub fn second() -> Self {
        Self { kind: Some(Kind::HashedSecond), time: Time::Timestamp, ..Self::default() }
    }

    /// As npm's were in 2023: version 0.1, an `intoto` entry and a promise alone.
    pub fn promised() -> Self {
        Self { version: Version::V0_1, kind: Some(Kind::InToto), proof: false, ..Self::default() }
    }

    fn kind(&self, content: Content<'_>) -> Kind {
        self.kind.unwrap_or(match content {
            Content::Message(_) => Kind::Hashed,
            Content::Statement(_) => Kind::Dsse,
        })
    }
}

impl Authority {
    /// A bundle of `content`, signed by `signer`.
    pub fn bundle(&self, signer: &Signer, content: Content<'_>, recipe: &Recipe) -> Value {
        let kind = recipe.kind(content);
        let log = if kind.is_second() { &self.second } else { &self.log };
        let signature = signer.sign(content);
        let mut entry = log.enter(kind, &kind.body(signer, content, &signature), recipe.at);
        let parts = entry.as_object_mut().expect("an entry is an object");
        if !recipe.proof {
            parts.remove("inclusionProof");
        }
        if !matches!(recipe.time, Time::Log | Time::Both) {
            parts.remove("inclusionPromise");
        }
        let mut material = json!({"tlogEntries": [entry]});
        if matches!(recipe.time, Time::Timestamp | Time::Both) {
            let stamp = base64(self.timestamps.stamp(&signature, recipe.at));
            material["timestampVerificationData"] = json!({"rfc3161Timestamps": [{"signedTimestamp": stamp}]});
        }
        assembled(signer, content, &signature, material, recipe.version)
    }
}

/// Puts together what a bundle of `version` holds; `material` has the log's entries and timestamps.
fn assembled(signer: &Signer, content: Content<'_>, signature: &[u8], mut material: Value, version: Version) -> Value {
    let raw = |der: &Vec<u8>| json!({"rawBytes": base64(der)});
    match (&signer.material, version) {
        (Material::Key { hint }, _) => material["publicKey"] = json!({"hint": hint}),
        (Material::Certificates(chain), Version::V0_3) => material["certificate"] = raw(&chain[0]),
        (Material::Certificates(chain), _) => {
            let chain: Vec<_> = chain.iter().map(raw).collect();
            material["x509CertificateChain"] = json!({"certificates": chain});
        }
    }
    let mut bundle = json!({"mediaType": version.media_type(), "verificationMaterial": material});
    match content {
        Content::Statement(_) => bundle["dsseEnvelope"] = signer.envelope(content, signature),
        Content::Message(bytes) => {
            bundle["messageSignature"] = json!({
                "messageDigest": {"algorithm": "SHA2_256", "digest": base64(sha256(bytes))},
                "signature": base64(signature),
            });
        }
    }
    bundle
}

/// What is signed of an envelope (DSSE's pre-authentication encoding).
pub fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), payload].concat()
}
