//! JSON that everybody reads alike.
//!
//! Of a name that is there twice one program takes the first value and another the last, and of a choice (a certificate or
//! a key, a message or an envelope) that is made twice likewise. Who controls a mirror or a registry account could show one
//! thing to a person and another to the verifier.

use super::Rejection;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::{collections::HashSet, fmt};

/// Whether no object in `json` has a name twice.
pub(super) fn once(json: &[u8]) -> Result<(), Rejection> {
    read::<Once>(json).map(|_| ())
}

/// Whether a bundle has no name twice, one kind of content, and one kind of signer.
pub(super) fn bundle(json: &[u8]) -> Result<(), Rejection> {
    once(json)?;
    let bundle: Choices = read(json)?;
    let material = bundle.verification_material.unwrap_or_default();
    let contents = [bundle.message_signature, bundle.dsse_envelope];
    let signers = [material.certificate, material.x509_certificate_chain, material.public_key];
    one(&contents, "a message signature or an envelope")?;
    one(&signers, "a certificate, a chain of them or a key")
}

fn one(choices: &[Option<IgnoredAny>], what: &str) -> Result<(), Rejection> {
    match choices.iter().flatten().count() {
        1 => Ok(()),
        found => Err(Rejection::Malformed(format!("it has {found} where one is wanted: {what}").into())),
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Rejection> {
    serde_json::from_slice(json).map_err(|error| Rejection::Malformed(error.to_string().into()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Choices {
    message_signature: Option<IgnoredAny>,
    dsse_envelope: Option<IgnoredAny>,
    verification_material: Option<Material>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<IgnoredAny>,
    #[serde(rename = "x509CertificateChain")]
    x509_certificate_chain: Option<IgnoredAny>,
    public_key: Option<IgnoredAny>,
}

/// Any JSON in which no object has a name twice.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Once)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self, A::Error> {
        while values.next_element::<Once>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            fields.next_value::<Once>()?;
            if names.contains(&name) {
                return Err(A::Error::custom(format!("{name:?} is there twice")));
            }
            names.insert(name);
        }
        Ok(self)
    }
}
