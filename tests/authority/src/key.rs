//! Keys that sign, and digests.

use aws_lc_rs::{
    digest,
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::sync::Arc;

/// A key pair; clones are the same key.
#[derive(Debug, Clone)]
pub struct Key(Arc<Pair>);

#[derive(Debug)]
enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Default for Key {
    fn default() -> Self {
        Self::new()
    }
}

impl Key {
    /// ECDSA P-256, as nearly all of Sigstore's are.
    pub fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key can be made");
        Self(Arc::new(Pair::P256(pair)))
    }

    pub fn p384() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).expect("a key can be made");
        Self(Arc::new(Pair::P384(pair)))
    }

    pub fn ed25519() -> Self {
        Self(Arc::new(Pair::Ed25519(Ed25519KeyPair::generate().expect("a key can be made"))))
    }

    /// A SubjectPublicKeyInfo.
    pub fn der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match &*self.0 {
            Pair::P256(pair) | Pair::P384(pair) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
        }
        .expect("a public key can be encoded");
        der.as_ref().to_vec()
    }

    /// The public key's bytes without saying of which kind.
    pub fn raw(&self) -> Vec<u8> {
        match &*self.0 {
            Pair::P256(pair) | Pair::P384(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    pub fn pem(&self) -> String {
        pem("PUBLIC KEY", &self.der())
    }

    /// SHA-256 of [`Self::der`]: what logs of the first generation are called by.
    pub fn id(&self) -> [u8; 32] {
        sha256(&self.der())
    }

    /// ECDSA signatures are in DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &*self.0 {
            Pair::P256(pair) | Pair::P384(pair) => {
                pair.sign(&SystemRandom::new(), message).expect("a key signs").as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The name of the key's kind in Sigstore's files.
    pub fn details(&self) -> &'static str {
        match &*self.0 {
            Pair::P256(_) => "PKIX_ECDSA_P256_SHA_256",
            Pair::P384(_) => "PKIX_ECDSA_P384_SHA_384",
            Pair::Ed25519(_) => "PKIX_ED25519",
        }
    }

    /// The object identifier of its signatures.
    pub(crate) fn signature_algorithm(&self) -> der::asn1::ObjectIdentifier {
        use der::oid::db::{rfc5912::ECDSA_WITH_SHA_256, rfc5912::ECDSA_WITH_SHA_384, rfc8410::ID_ED_25519};
        match &*self.0 {
            Pair::P256(_) => ECDSA_WITH_SHA_256,
            Pair::P384(_) => ECDSA_WITH_SHA_384,
            Pair::Ed25519(_) => ID_ED_25519,
        }
    }
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
