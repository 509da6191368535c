//! The keys of a registry: the document that it serves as `/-/npm/v1/keys`.
//!
//! Where it comes from decides what a signature is worth: fetched from the registry over TLS it says what the registry says;
//! named by the operator, it also stops a registry that gives out other keys.

use crate::{Error, file};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sigstore_verify::{
    crypto::{SigningScheme, VerificationKey},
    types::DerPublicKey,
};
use std::{collections::BTreeMap, path::Path};

/// Largest document, in bytes. That of the public registry takes 1 kB.
pub const MOST_KEYS: usize = 1 << 20;

/// By the names that the registry gives them. The default is none, by which nothing is signed.
#[derive(Debug, Default)]
pub struct Keys(BTreeMap<String, Key>);

#[derive(Debug)]
pub(super) struct Key {
    pub(super) der: DerPublicKey,
    /// What is signed from then on is not believed.
    expires: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<WireKey>,
}

#[derive(Deserialize)]
struct WireKey {
    keyid: String,
    expires: Option<DateTime<Utc>>,
    keytype: String,
    scheme: String,
    /// SubjectPublicKeyInfo, DER in base64.
    key: String,
}

/// Both the kind of key and the scheme.
const P256: &str = "ecdsa-sha2-nistp256";

impl Keys {
    /// `name` is for messages.
    ///
    /// # Errors
    /// [`Error::KeysTooLarge`]; [`Error::BadKeys`] when one of them cannot be used or two have the same name: who names keys
    /// wants them heeded.
    pub fn from_json(name: &str, json: &[u8]) -> Result<Self, Error> {
        if json.len() > MOST_KEYS {
            return Err(Error::KeysTooLarge { name: name.to_owned(), most: MOST_KEYS });
        }
        let bad = |cause: String| Error::BadKeys { name: name.to_owned(), cause };
        let document: Document = serde_json::from_slice(json).map_err(|error| bad(error.to_string()))?;
        let mut keys = BTreeMap::new();
        for wire in document.keys {
            let keyid = wire.keyid.clone();
            let key = Key::read(wire).map_err(|cause| bad(format!("key {keyid:?}: {cause}")))?;
            if keys.insert(keyid.clone(), key).is_some() {
                return Err(bad(format!("key {keyid:?} stands twice")));
            }
        }
        Ok(Self(keys))
    }

    /// # Errors
    /// As [`Self::from_json`], and when the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        Self::from_json(&path.display().to_string(), &file::read(path, MOST_KEYS)?)
    }

    pub(super) fn get(&self, keyid: &str) -> Option<&Key> {
        self.0.get(keyid)
    }
}

impl Key {
    fn read(wire: WireKey) -> Result<Self, String> {
        if wire.keytype != P256 || wire.scheme != P256 {
            return Err(format!("{} with scheme {}, where only {P256} is known", wire.keytype, wire.scheme));
        }
        let der = DerPublicKey::from_base64(&wire.key).map_err(|error| error.to_string())?;
        let key = VerificationKey::from_spki(&der).map_err(|error| error.to_string())?;
        if key.scheme() != SigningScheme::EcdsaP256Sha256 {
            return Err(format!("it is not of the kind {P256} that it says"));
        }
        Ok(Self { der, expires: wire.expires })
    }

    pub(super) fn expires(&self) -> Option<DateTime<Utc>> {
        self.expires
    }

    /// Of a key that does not expire, any time is good; of one that does, an unknown time is not.
    pub(super) fn was_valid(&self, at: Option<DateTime<Utc>>) -> bool {
        self.expires.is_none_or(|expires| at.is_some_and(|at| at < expires))
    }
}
