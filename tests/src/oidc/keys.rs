//! Signing keys that exist for this process only.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

/// The key that signs, and what is published of it.
#[derive(Debug)]
pub(super) struct Keys {
    algorithm: Algorithm,
    id: String,
    secret: EncodingKey,
    public: Jwk,
}

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = (0..body.len()).step_by(64).map(|i| &body[i..body.len().min(i + 64)]).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

impl Keys {
    pub(super) fn rs256() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("this machine has randomness");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a fresh key can be encoded");
        let secret = EncodingKey::from_rsa_pem(pem(der.as_ref()).as_bytes()).expect("a fresh key can be read");
        Self::new(Algorithm::RS256, secret)
    }

    pub(super) fn es256() -> Self {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .expect("this machine has randomness");
        let secret = EncodingKey::from_ec_pem(pem(der.as_ref()).as_bytes()).expect("a fresh key can be read");
        Self::new(Algorithm::ES256, secret)
    }

    fn new(algorithm: Algorithm, secret: EncodingKey) -> Self {
        let public = Jwk::from_encoding_key(&secret, algorithm).expect("a fresh key has a public part");
        Self { algorithm, id: uuid::Uuid::new_v4().to_string(), secret, public }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// RFC 7517, section 5; with a key of a kind that nobody knows yet beside it, as providers may have.
    pub(super) fn published(&self) -> Value {
        let mut key = serde_json::to_value(&self.public).expect("a key has a JSON form");
        key["kid"] = json!(self.id);
        key["use"] = json!("sig");
        json!({ "keys": [{ "kty": "AKP", "kid": "of-tomorrow", "alg": "ML-DSA-65", "pub": "AA" }, key] })
    }

    /// The public part as an attacker has it.
    pub(super) fn public_text(&self) -> String {
        self.published().to_string()
    }

    pub(super) fn sign(&self, claims: &Value, key_id: &str) -> String {
        let header = Header { kid: Some(key_id.to_owned()), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.secret).expect("claims can be signed")
    }
}
