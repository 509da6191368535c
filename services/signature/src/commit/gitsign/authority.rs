//! The trusted root of a Sigstore instance, and whom of its clients the operator wants.

use super::{cms::Cms, entry};
use crate::{
    bundle::{self, Artifact, Expected, Verifier},
    commit::{Committer, Rejection, Signer, key::Hash, object::Signed},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::fmt::Write;

/// Who may sign by a certificate.
#[derive(Debug)]
pub struct Authority {
    verifier: Verifier,
    expected: Expected,
}

const BEGIN: &str = "-----BEGIN SIGNED MESSAGE-----";
const END: &str = "-----END SIGNED MESSAGE-----";

impl Authority {
    /// Signatures by `identity` that `issuer` vouched for, both compared whole.
    pub fn new(verifier: Verifier, identity: String, issuer: String) -> Self {
        Self { verifier, expected: Expected::Identity { identity, issuer } }
    }

    /// 1. A CMS signature, 2. of this object, 3. that holds as a bundle.
    pub(in crate::commit) fn verify(&self, signed: &Signed, armored: &[u8]) -> Result<(Signer, Committer), Rejection> {
        let der = unarmored(armored)?;
        let cms = Cms::read(&der).map_err(malformed)?;
        if cms.digest != Hash::Sha256.digest(&[&signed.payload]).as_ref() {
            return Err(Rejection::Signature);
        }
        let bundle = bundle_of(&cms)?.to_string();
        let artifact = Artifact::Bytes(cms.attributes.clone());
        let refused = |rejection| Rejection::Sigstore(Box::new(rejection));
        let verified = match self.verifier.verify(bundle.as_bytes(), &artifact, &self.expected) {
            Ok(bundle::Verification::Verified(verified)) => verified,
            Ok(bundle::Verification::Rejected(rejection)) => return Err(refused(rejection)),
            // Nothing of it lies in a file.
            Err(error) => return Err(Rejection::Unsupported(error.to_string().into())),
        };
        let (identity, issuer) =
            verified.identity().zip(verified.issuer()).ok_or_else(|| refused(bundle::Rejection::NoCertificate))?;
        let committer = match identity.eq_ignore_ascii_case(&signed.committer.address) {
            true => Committer::IsSigner,
            false => Committer::IsAnother,
        };
        let (identity, issuer) = (identity.to_owned(), issuer.to_owned());
        Ok((Signer::Sigstore { identity, issuer, signed_at: verified.signed_at() }, committer))
    }
}

fn unarmored(armored: &[u8]) -> Result<Vec<u8>, Rejection> {
    let text = std::str::from_utf8(armored).map_err(|_| malformed("its armor is not text"))?;
    let inside = text.trim().strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END));
    let inside = inside.ok_or_else(|| malformed("its armor does not begin and end"))?;
    let base64: String = inside.split(['\n', '\r']).collect();
    STANDARD.decode(base64).map_err(|_| malformed("its armor is not base64"))
}

fn bundle_of(cms: &Cms<'_>) -> Result<Value, Rejection> {
    let protobuf = cms.entry.ok_or(Rejection::NotShownInLog)?;
    let digest = Hash::Sha256.digest(&[&cms.attributes]);
    let entry = entry::as_json(protobuf, &body(cms, digest.as_ref()));
    let entry = entry.ok_or_else(|| malformed("its log entry cannot be read"))?;
    let mut bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": { "rawBytes": STANDARD.encode(cms.certificate) },
            "tlogEntries": [entry],
        },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": STANDARD.encode(digest) },
            "signature": STANDARD.encode(cms.signature),
        },
    });
    if let Some(token) = cms.timestamp {
        let answer = STANDARD.encode(granted(token));
        bundle["verificationMaterial"]["timestampVerificationData"] =
            json!({ "rfc3161Timestamps": [{ "signedTimestamp": answer }] });
    }
    Ok(bundle)
}

/// The body of a `hashedrekord` entry of version 0.0.1, in canonical JSON (RFC 8785): its names are sorted already.
fn body(cms: &Cms<'_>, digest: &[u8]) -> String {
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": { "hash": { "algorithm": "sha256", "value": hex::encode(digest) } },
            "signature": {
                "content": STANDARD.encode(cms.signature),
                "publicKey": { "content": STANDARD.encode(pem(cms.certificate)) },
            },
        },
    })
    .to_string()
}

fn pem(certificate: &[u8]) -> String {
    let base64 = STANDARD.encode(certificate);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{line}");
        rest = after;
    }
    text + "-----END CERTIFICATE-----\n"
}

/// A token as an authority's answer that it was granted, which is what a bundle holds (RFC 3161, 2.4.2).
fn granted(token: &[u8]) -> Vec<u8> {
    const STATUS: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x00];
    let bytes = (STATUS.len() + token.len()).to_be_bytes();
    let length = bytes.split_at(bytes.iter().take_while(|byte| **byte == 0).count()).1;
    let short = length.len() == 1 && length[0] < 0x80;
    let start = if short { vec![] } else { vec![0x80 | length.len() as u8] };
    [&[0x30], start.as_slice(), length, &STATUS, token].concat()
}

fn malformed(why: &str) -> Rejection {
    Rejection::Malformed(why.to_owned().into())
}
