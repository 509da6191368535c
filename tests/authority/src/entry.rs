//! What a log keeps of a signature: the bodies of its entries, in each of the kinds that bundles have.

use crate::{
    Content, IN_TOTO, Material, Signer, certificate,
    key::{base64, sha256},
    pae,
};
use serde_json::{Value, json};

/// A kind of entry and its version. The second generation of the log has versions of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `hashedrekord` 0.0.1
    Hashed,
    /// `dsse` 0.0.1
    Dsse,
    /// `intoto` 0.0.2: what npm's bundles of 2023 have.
    InToto,
    /// `hashedrekord` 0.0.2, in a log of the second generation.
    HashedSecond,
    /// `dsse` 0.0.2, in a log of the second generation.
    DsseSecond,
}

impl Kind {
    /// As a bundle names it.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Hashed => ("hashedrekord", "0.0.1"),
            Self::Dsse => ("dsse", "0.0.1"),
            Self::InToto => ("intoto", "0.0.2"),
            Self::HashedSecond => ("hashedrekord", "0.0.2"),
            Self::DsseSecond => ("dsse", "0.0.2"),
        }
    }

    /// Whether it is for a log of the second generation.
    pub fn is_second(self) -> bool {
        matches!(self, Self::HashedSecond | Self::DsseSecond)
    }

    /// The entry about `signature`, which `signer` made over `content`. Names are in the order of canonical JSON.
    pub fn body(self, signer: &Signer, content: Content<'_>, signature: &[u8]) -> Value {
        let (kind, version) = self.names();
        let spec = match self {
            Self::Hashed => hashed(signer, content, signature),
            Self::Dsse => dsse(signer, content, signature),
            Self::InToto => in_toto(signer, content, signature),
            Self::HashedSecond => json!({"hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": base64(sha256(&content.signed()))},
                "signature": {"content": base64(signature), "verifier": verifier(signer)},
            }}),
            Self::DsseSecond => json!({"dsseV002": {
                "payloadHash": {"algorithm": "SHA2_256", "digest": base64(sha256(content.bytes()))},
                "signatures": [{"content": base64(signature), "verifier": verifier(signer)}],
            }}),
        };
        json!({"apiVersion": version, "kind": kind, "spec": spec})
    }
}

fn hashed(signer: &Signer, content: Content<'_>, signature: &[u8]) -> Value {
    json!({
        "data": {"hash": {"algorithm": "sha256", "value": hex::encode(sha256(&content.signed()))}},
        "signature": {"content": base64(signature), "publicKey": {"content": base64(pem(signer))}},
    })
}

fn dsse(signer: &Signer, content: Content<'_>, signature: &[u8]) -> Value {
    json!({
        "envelopeHash": digest(signer.envelope(content, signature).to_string().as_bytes()),
        "payloadHash": digest(content.bytes()),
        "signatures": [{"signature": base64(signature), "verifier": base64(pem(signer))}],
    })
}

/// The signature is in base64 twice, as the log keeps it.
fn in_toto(signer: &Signer, content: Content<'_>, signature: &[u8]) -> Value {
    json!({"content": {
        "envelope": {
            "payloadType": IN_TOTO,
            "signatures": [{"publicKey": base64(pem(signer)), "sig": base64(base64(signature))}],
        },
        "hash": digest(signer.envelope(content, signature).to_string().as_bytes()),
        "payloadHash": digest(content.bytes()),
    }})
}

fn digest(bytes: &[u8]) -> Value {
    json!({"algorithm": "sha256", "value": hex::encode(sha256(bytes))})
}

fn pem(signer: &Signer) -> String {
    match &signer.material {
        Material::Certificates(chain) => certificate::to_pem(&chain[0]),
        Material::Key { .. } => signer.key.pem(),
    }
}

fn verifier(signer: &Signer) -> Value {
    match &signer.material {
        Material::Certificates(chain) => {
            json!({"keyDetails": signer.key.details(), "x509Certificate": {"rawBytes": base64(&chain[0])}})
        }
        Material::Key { .. } => {
            json!({"keyDetails": signer.key.details(), "publicKey": {"rawBytes": base64(signer.key.der())}})
        }
    }
}

impl Content<'_> {
    /// The bytes that were given.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Message(bytes) => bytes,
            Self::Statement(text) => text.as_bytes(),
        }
    }

    /// The bytes that a signature is over.
    pub fn signed(&self) -> Vec<u8> {
        match self {
            Self::Message(bytes) => bytes.to_vec(),
            Self::Statement(text) => pae(IN_TOTO, text.as_bytes()),
        }
    }
}
