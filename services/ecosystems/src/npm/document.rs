//! `package.json`, and the copy of it that a packument carries for each version.
//!
//! Publishers write every field in every shape; a field of an unexpected shape is passed over instead of
//! spoiling the whole document.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The fields that are read.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Document {
    pub(super) license: Lenient<License>,
    /// Before 2015; still in old packages.
    pub(super) licenses: Lenient<Vec<License>>,
    pub(super) repository: Lenient<Repository>,
    pub(super) homepage: Lenient<String>,
    pub(super) description: Lenient<String>,
    pub(super) scripts: Lenient<Ordered<Lenient<String>>>,
    pub(super) gypfile: Lenient<bool>,
    pub(super) dist: Lenient<Dist>,
    pub(super) deprecated: Lenient<Deprecated>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum License {
    Text(String),
    Typed {
        #[serde(rename = "type")]
        name: String,
    },
}

#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Repository {
    Text(String),
    Typed { url: String },
}

#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Deprecated {
    Text(String),
    Flag(bool),
}

/// Where the artifact of a version stands, and its digests.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Dist {
    pub(super) tarball: Lenient<String>,
    /// Subresource Integrity.
    pub(super) integrity: Lenient<String>,
    /// SHA-1, hexadecimal.
    pub(super) shasum: Lenient<String>,
    pub(super) signatures: Lenient<Vec<Lenient<Signature>>>,
    pub(super) attestations: Lenient<Attestations>,
}

/// By a key of the registry.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Signature {
    pub(super) keyid: Lenient<String>,
    pub(super) sig: Lenient<String>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Attestations {
    pub(super) url: Lenient<String>,
}

/// A value of the expected shape, or nothing.
#[derive(Debug)]
pub(super) struct Lenient<T>(pub(super) Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Shape<T> {
            Expected(T),
            Other(IgnoredAny),
        }
        Ok(match Shape::deserialize(deserializer)? {
            Shape::Expected(value) => Self(Some(value)),
            Shape::Other(IgnoredAny) => Self(None),
        })
    }
}

/// The members of an object in the order in which they stand.
#[derive(Debug)]
pub(super) struct Ordered<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}
