//! Opaque random values: what a cookie or a machine token holds. The server keeps their digests only.

use anyhow::{Result, anyhow};
use aws_lc_rs::{constant_time, digest, hmac, rand};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lockgate_store::access::Hash;
use std::fmt;

/// 256 random bits as 43 characters of base64url (RFC 4648, section 5). Shown by no `Debug`.
#[derive(Clone)]
pub(super) struct Opaque(String);

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opaque")
    }
}

impl Opaque {
    /// # Errors
    /// When the machine has no randomness.
    pub(super) fn random() -> Result<Self> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| anyhow!("draw 32 random bytes: the machine gave none"))?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// `None` when `text` cannot be one of ours: nothing else is ever looked up.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let good = text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        good.then(|| Self(text.to_owned()))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text. 256 bits of entropy need no salt and no slow hash.
    pub(super) fn hash(&self) -> Hash {
        hash(self.0.as_bytes())
    }

    /// Another secret that follows from this one (HMAC-SHA-256 over `purpose`); it does not lead back.
    pub(super) fn derive(&self, purpose: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        Self(URL_SAFE_NO_PAD.encode(hmac::sign(&key, purpose.as_bytes())))
    }

    /// In a time that does not depend on where the two differ.
    pub(super) fn is(&self, other: &str) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok()
    }
}

/// SHA-256.
pub(super) fn hash(bytes: &[u8]) -> Hash {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_differ_are_found_again_and_are_shown_by_no_debug() {
        let (one, two) = (Opaque::random().unwrap(), Opaque::random().unwrap());
        assert!(one.is(one.expose()) && !one.is(two.expose()) && one.hash() != two.hash());
        assert_eq!(Opaque::parse(one.expose()).unwrap().hash(), one.hash());
        assert!(!format!("{one:?}").contains(one.expose()));
        assert!(!one.derive("csrf").is(one.derive("nonce").expose()));
        assert!(one.derive("csrf").is(one.derive("csrf").expose()));
    }

    #[test]
    fn what_cannot_be_ours_is_not_looked_up() {
        for text in ["", "short", &"a".repeat(42), &"a".repeat(44), &format!("{}'", "a".repeat(42))] {
            assert!(Opaque::parse(text).is_none(), "{text}");
        }
    }
}
