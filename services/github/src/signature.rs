//! The HMAC of a webhook delivery.
//!
//! Anyone on the network can post to the webhook address. What distinguishes GitHub is a shared secret: each
//! delivery carries `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>`. The older SHA-1 header is
//! never looked at. Several secrets may be valid at once, so that one can be replaced without losing a delivery.

use crate::{ExposeSecret, Secret};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A body whose signature was checked. Only [`verify`] makes one, so a function that takes it cannot be
/// reached by an unsigned body.
#[derive(Clone, Copy)]
pub struct Verified<'a> {
    body: &'a [u8],
    secret: usize,
}

impl<'a> Verified<'a> {
    /// The bytes that were signed.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Position of the secret that matched: anything but 0 means that GitHub still signs with an old one.
    pub fn secret_index(&self) -> usize {
        self.secret
    }
}

impl std::fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verified({} bytes)", self.body.len())
    }
}

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("no webhook secret is configured: set one in the configuration and in the App's settings")]
    NotConfigured,
    #[error("the delivery has no X-Hub-Signature-256 header: set the webhook secret in the App's settings")]
    Missing,
    #[error("the X-Hub-Signature-256 header is not `sha256=` and 64 hexadecimal digits")]
    Malformed,
    #[error("the delivery's signature matches none of the configured webhook secrets")]
    Mismatch,
}

/// Checks the signature of `body`, in constant time, against each of `secrets`.
///
/// `header` is the value of `X-Hub-Signature-256`. An empty secret is passed over: HMAC with an empty key is
/// something that everyone can compute.
///
/// # Errors
/// [`SignatureError`]; the caller answers 401 to all but [`SignatureError::NotConfigured`].
pub fn verify<'a>(secrets: &[Secret], header: Option<&str>, body: &'a [u8]) -> Result<Verified<'a>, SignatureError> {
    // 1. Something to compare with must exist.
    if secrets.iter().all(|s| s.expose_secret().is_empty()) {
        return Err(SignatureError::NotConfigured);
    }
    // 2. The header is `sha256=<hex>`, nothing else.
    let encoded = header.ok_or(SignatureError::Missing)?.strip_prefix("sha256=").ok_or(SignatureError::Malformed)?;
    let mut stated = [0u8; 32];
    hex::decode_to_slice(encoded, &mut stated).map_err(|_| SignatureError::Malformed)?;
    // 3. The raw bytes of the body, before any parsing, under each secret.
    let matching = secrets.iter().position(|secret| matches(secret, &stated, body));
    matching.map(|secret| Verified { body, secret }).ok_or(SignatureError::Mismatch)
}

fn matches(secret: &Secret, stated: &[u8; 32], body: &[u8]) -> bool {
    let key = secret.expose_secret().as_bytes();
    if key.is_empty() {
        return false;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(body);
    mac.verify_slice(stated).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The vector that GitHub documents for checking an implementation.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secrets(texts: &[&str]) -> Vec<Secret> {
        texts.iter().map(|t| Secret::from(*t)).collect()
    }

    #[test]
    fn the_documented_vector_verifies() {
        let verified = verify(&secrets(&[SECRET]), Some(SIGNATURE), BODY).unwrap();
        assert_eq!((verified.body(), verified.secret_index()), (BODY, 0));
    }

    #[test]
    fn an_old_secret_still_verifies_during_a_rotation() {
        assert_eq!(verify(&secrets(&["new", SECRET]), Some(SIGNATURE), BODY).unwrap().secret_index(), 1);
        assert_eq!(verify(&secrets(&["new"]), Some(SIGNATURE), BODY).unwrap_err(), SignatureError::Mismatch);
    }

    #[test]
    fn anything_but_the_sha256_form_is_malformed() {
        let long = format!("{SIGNATURE}00");
        let sha1 = format!("sha1={}", "0".repeat(40));
        for bad in ["", "sha256=", "sha256=zz", &SIGNATURE[7..], &SIGNATURE[..70], &long, &sha1, " sha256=00"] {
            assert_eq!(verify(&secrets(&[SECRET]), Some(bad), BODY).unwrap_err(), SignatureError::Malformed, "{bad}");
        }
        assert_eq!(verify(&secrets(&[SECRET]), None, BODY).unwrap_err(), SignatureError::Missing);
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        mac.update(BODY);
        let forged = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(verify(&secrets(&[""]), Some(&forged), BODY).unwrap_err(), SignatureError::NotConfigured);
        assert_eq!(verify(&secrets(&["", SECRET]), Some(&forged), BODY).unwrap_err(), SignatureError::Mismatch);
        assert_eq!(verify(&[], Some(&forged), BODY).unwrap_err(), SignatureError::NotConfigured);
    }

    proptest! {
        #[test]
        fn a_changed_body_or_header_never_verifies(body: Vec<u8>, header: String) {
            let changed = body != BODY;
            prop_assert_eq!(verify(&secrets(&[SECRET]), Some(SIGNATURE), &body).is_err(), changed);
            prop_assert!(verify(&secrets(&[SECRET]), Some(&header), BODY).is_err());
        }
    }
}
