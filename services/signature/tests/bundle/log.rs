//! A signer with a key, and a transparency log of one entry: all that a bundle signed by a key needs, made afresh.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_signature::bundle::{Expected, PublicKey, Verifier};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const STATEMENT: &str = "application/vnd.in-toto+json";
/// When the log says that it took the entry in: 2024-01-01T00:00:00Z.
pub(crate) const LOGGED: i64 = 1_704_067_200;

/// An ECDSA P-256 key: a signer's, or a log's.
pub(crate) struct Key(EcdsaKeyPair);

impl Key {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    pub(crate) fn expected(&self) -> Expected {
        Expected::Key(PublicKey::from_pem("key.pub", &self.pem()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(self.der()))
    }

    fn der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }
}

/// A log that holds one entry, whichever it is asked to take.
pub(crate) struct Log(pub(crate) Key);

impl Log {
    pub(crate) fn new() -> Self {
        Self(Key::new())
    }

    /// The log is all that this trusted root knows.
    pub(crate) fn root(&self) -> Value {
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "https://log.example.test",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(self.0.der()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": "2020-01-01T00:00:00Z"},
                },
                "logId": {"keyId": self.id()},
            }],
        })
    }

    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::from_root("root.json", self.root().to_string().as_bytes()).unwrap()
    }

    fn id(&self) -> String {
        STANDARD.encode(Sha256::digest(self.0.der()))
    }

    /// A tree of one leaf: its hash is the root's (RFC 6962), and the proof has no hashes.
    pub(crate) fn take_in(&self, version: &str, body: &Value) -> Value {
        let body = body.to_string();
        let root = STANDARD.encode(Sha256::digest([&[0], body.as_bytes()].concat()));
        json!({
            "logIndex": "0",
            "logId": {"keyId": self.id()},
            "kindVersion": {"kind": "hashedrekord", "version": version},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": root,
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": self.checkpoint(&root)},
            },
            "canonicalizedBody": STANDARD.encode(body),
        })
    }

    /// A signed note: the tree's size and root, and a line with the first four bytes of the key's id and the signature.
    fn checkpoint(&self, root: &str) -> String {
        let text = format!("log.example.test\n1\n{root}\n");
        let hint = &Sha256::digest(self.0.der())[..4];
        let signature = STANDARD.encode([hint, &self.0.sign(text.as_bytes())].concat());
        format!("{text}\n\u{2014} log.example.test {signature}\n")
    }

    /// Adds the log's promise, which says when it took the entry in.
    pub(crate) fn promise(&self, mut entry: Value) -> Value {
        let body = entry["canonicalizedBody"].as_str().unwrap();
        let id = hex::encode(Sha256::digest(self.0.der()));
        let promised = format!(r#"{{"body":"{body}","integratedTime":{LOGGED},"logID":"{id}","logIndex":0}}"#);
        let signature = STANDARD.encode(self.0.sign(promised.as_bytes()));
        entry["integratedTime"] = LOGGED.to_string().into();
        entry["inclusionPromise"] = json!({"signedEntryTimestamp": signature});
        entry
    }
}

/// A bundle of version 0.3 over `artifact` itself.
pub(crate) fn message(log: &Log, key: &Key, artifact: &[u8]) -> Value {
    let signature = STANDARD.encode(key.sign(artifact));
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hex::encode(Sha256::digest(artifact))}},
            "signature": {"content": signature, "publicKey": {"content": STANDARD.encode(key.pem())}},
        },
    });
    bundle(
        log.promise(log.take_in("0.0.1", &body)),
        "messageSignature",
        json!({
            "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(Sha256::digest(artifact))},
            "signature": signature,
        }),
    )
}

/// A bundle of version 0.3 over an in-toto statement that names `artifact`, in an envelope.
pub(crate) fn statement(log: &Log, key: &Key, artifact: &[u8]) -> Value {
    let payload = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": {"sha256": hex::encode(Sha256::digest(artifact))}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    });
    envelope(log, key, &payload.to_string())
}

pub(crate) fn envelope(log: &Log, key: &Key, payload: &str) -> Value {
    let signed = format!("DSSEv1 {} {STATEMENT} {} {payload}", STATEMENT.len(), payload.len());
    let signature = STANDARD.encode(key.sign(signed.as_bytes()));
    let body = json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {"hashedRekordV002": {
            "data": {"algorithm": "SHA2_256", "digest": STANDARD.encode(Sha256::digest(&signed))},
            "signature": {
                "content": signature,
                "verifier": {
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "publicKey": {"rawBytes": STANDARD.encode(key.der())},
                },
            },
        }},
    });
    bundle(
        log.take_in("0.0.2", &body),
        "dsseEnvelope",
        json!({"payload": STANDARD.encode(payload), "payloadType": STATEMENT, "signatures": [{"sig": signature}]}),
    )
}

fn bundle(entry: Value, kind: &str, content: Value) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "release key"}, "tlogEntries": [entry]},
        kind: content,
    })
}
