//! The registry's signatures over name, version and integrity.

use super::{Keys, keys::Key};
use crate::bundle::Quoted;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sigstore_verify::{crypto::VerificationKey, types::SignatureBytes};

/// As it stands in `dist.signatures` of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistSignature {
    pub keyid: String,
    /// ECDSA, DER in base64.
    pub sig: String,
}

/// What was found of one. Frozen names, read by policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RegistrySignature {
    /// The registry signed this name and version with this integrity.
    Good { keyid: String },
    /// No signature, or no integrity that one could be for.
    Missing {},
    /// By a key that is not among the registry's.
    UnknownKey { keyid: String },
    /// The key had expired when the release was published, or nobody knows when that was. Whether the signature fits says
    /// nothing then: whoever found the old key can make one.
    ExpiredKey { keyid: String, expires: DateTime<Utc>, published: Option<DateTime<Utc>> },
    /// It is not for this name, version and integrity: one of them was altered, or the signature.
    Bad { keyid: String },
}

impl RegistrySignature {
    /// In words for who reads a check.
    pub fn told(&self) -> String {
        match self {
            Self::Good { keyid } => format!("signed by the registry's key {keyid}"),
            Self::Missing {} => "no signature of the registry".to_owned(),
            Self::UnknownKey { keyid } => format!("signed by {keyid}, which is no key of the registry"),
            Self::ExpiredKey { keyid, expires, published: Some(at) } => {
                format!("signed by the key {keyid}, which had expired on {expires} when it was published on {at}")
            }
            Self::ExpiredKey { keyid, expires, published: None } => {
                format!("signed by the key {keyid}, which expires on {expires}; it is not known when it was published")
            }
            Self::Bad { keyid } => {
                format!("the signature by {keyid} does not fit: name, version, integrity or signature was altered")
            }
        }
    }
}

/// Largest number of signatures that is looked at; registries give one.
const MOST: usize = 16;

/// What each signature is worth for this name, version and integrity (as the registry states it, and as the caller found it
/// to be the tarball's). `published` decides about expired keys. It is the registry's word, or better the time at which the
/// release was first seen: a mirror that has a stolen old key would date its release back.
pub fn signatures(
    keys: &Keys,
    name: &str,
    version: &str,
    integrity: Option<&str>,
    published: Option<DateTime<Utc>>,
    signatures: &[DistSignature],
) -> Vec<RegistrySignature> {
    let Some(integrity) = integrity.filter(|_| !signatures.is_empty()) else {
        return vec![RegistrySignature::Missing {}];
    };
    let message = format!("{name}@{version}:{integrity}");
    let judge = |signature: &DistSignature| {
        // A key's name is the registry's, but may be a mirror's or whoever's.
        let keyid = Quoted::from(signature.keyid.clone()).to_string();
        match keys.get(&signature.keyid) {
            None => RegistrySignature::UnknownKey { keyid },
            Some(key) => match key.expires() {
                Some(expires) if !key.was_valid(published) => {
                    RegistrySignature::ExpiredKey { keyid, expires, published }
                }
                _ if fits(key, &message, &signature.sig) => RegistrySignature::Good { keyid },
                _ => RegistrySignature::Bad { keyid },
            },
        }
    };
    signatures.iter().take(MOST).map(judge).collect()
}

fn fits(key: &Key, message: &str, signature: &str) -> bool {
    let (Ok(key), Ok(signature)) = (VerificationKey::from_spki(&key.der), SignatureBytes::from_base64(signature))
    else {
        return false;
    };
    key.verify(message, &signature).is_ok()
}
