//! Content digests, kept with their algorithm.
//!
//! Two digests of different algorithms say nothing about each other; [`Digest::compare`] therefore
//! answers with three values and never with a bool that a caller could misread.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha1::Digest as _;
use std::{fmt, str::FromStr};

/// A digest algorithm that a lockfile or a registry may use, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestAlgorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl DigestAlgorithm {
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name as Subresource Integrity and PEP 691 write it: `sha256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Length of a digest in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Whether the algorithm still resists collisions (SHA-1 does not: SHAttered, 2017).
    pub fn resists_collisions(self) -> bool {
        self != Self::Sha1
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DigestAlgorithm {
    type Err = DigestError;

    fn from_str(name: &str) -> Result<Self, DigestError> {
        Self::ALL
            .into_iter()
            .find(|a| a.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| DigestError::UnknownAlgorithm(name.chars().take(40).collect()))
    }
}

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    #[error("digest algorithm {0:?} is not one of sha1, sha256, sha384, sha512")]
    UnknownAlgorithm(String),
    #[error("{algorithm} digest has {found} bytes instead of {expected}")]
    WrongLength { algorithm: DigestAlgorithm, found: usize, expected: usize },
    #[error("{0} digest is neither hexadecimal nor base64")]
    NotEncoded(DigestAlgorithm),
    #[error("digest has no algorithm prefix")]
    NoAlgorithm,
}

/// What two digests say of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestComparison {
    Equal,
    Different,
    /// The algorithms differ, so nothing is known.
    Incomparable,
}

/// An algorithm and the bytes it produced. Text form: `sha256:<lower-case hex>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: DigestAlgorithm,
    bytes: Box<[u8]>,
}

impl Digest {
    /// # Errors
    /// [`DigestError::WrongLength`] when `bytes` is not [`DigestAlgorithm::size`] long.
    pub fn new(algorithm: DigestAlgorithm, bytes: &[u8]) -> Result<Self, DigestError> {
        if bytes.len() != algorithm.size() {
            return Err(DigestError::WrongLength { algorithm, found: bytes.len(), expected: algorithm.size() });
        }
        Ok(Self { algorithm, bytes: bytes.into() })
    }

    /// Hashes `content`.
    pub fn of(algorithm: DigestAlgorithm, content: &[u8]) -> Self {
        let bytes: Box<[u8]> = match algorithm {
            DigestAlgorithm::Sha1 => sha1::Sha1::digest(content).as_slice().into(),
            DigestAlgorithm::Sha256 => sha2::Sha256::digest(content).as_slice().into(),
            DigestAlgorithm::Sha384 => sha2::Sha384::digest(content).as_slice().into(),
            DigestAlgorithm::Sha512 => sha2::Sha512::digest(content).as_slice().into(),
        };
        Self { algorithm, bytes }
    }

    /// SHA-256 of `content`: the algorithm by which Lockgate itself names things.
    pub fn sha256(content: &[u8]) -> Self {
        Self::of(DigestAlgorithm::Sha256, content)
    }

    /// # Errors
    /// When `text` is not hexadecimal or has the wrong length.
    pub fn from_hex(algorithm: DigestAlgorithm, text: &str) -> Result<Self, DigestError> {
        let bytes = hex::decode(text).map_err(|_| DigestError::NotEncoded(algorithm))?;
        Self::new(algorithm, &bytes)
    }

    /// One Subresource Integrity hash, `sha512-<base64>` (W3C SRI, section 3.5). Options after `?` are dropped.
    ///
    /// # Errors
    /// When the algorithm is unknown, the base64 is broken or the length is wrong.
    pub fn from_sri(text: &str) -> Result<Self, DigestError> {
        let (name, encoded) = text.split_once('-').ok_or(DigestError::NoAlgorithm)?;
        let algorithm: DigestAlgorithm = name.parse()?;
        let encoded = encoded.split('?').next().unwrap_or_default();
        let bytes = STANDARD.decode(encoded).map_err(|_| DigestError::NotEncoded(algorithm))?;
        Self::new(algorithm, &bytes)
    }

    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn hex(&self) -> String {
        hex::encode(&self.bytes)
    }

    /// The Subresource Integrity form.
    pub fn sri(&self) -> String {
        format!("{}-{}", self.algorithm, STANDARD.encode(&self.bytes))
    }

    pub fn compare(&self, other: &Self) -> DigestComparison {
        if self.algorithm != other.algorithm {
            DigestComparison::Incomparable
        } else if self.bytes == other.bytes {
            DigestComparison::Equal
        } else {
            DigestComparison::Different
        }
    }

    /// Compares with the digest of `content` under this digest's own algorithm.
    pub fn matches(&self, content: &[u8]) -> DigestComparison {
        self.compare(&Self::of(self.algorithm, content))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    /// Reads `sha256:<hex>` or the SRI form.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        match text.split_once(':') {
            Some((algorithm, encoded)) => Self::from_hex(algorithm.parse()?, encoded),
            None => Self::from_sri(text),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "algorithm:lower-case hexadecimal",
            "pattern": "^(sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn algorithms_are_never_compared_with_each_other() {
        let short = Digest::of(DigestAlgorithm::Sha1, b"a");
        let long = Digest::sha256(b"a");
        assert_eq!(short.compare(&long), DigestComparison::Incomparable);
        assert_eq!(long.matches(b"a"), DigestComparison::Equal);
        assert_eq!(long.matches(b"b"), DigestComparison::Different);
    }

    #[test]
    fn known_vectors() {
        // FIPS 180-4 example: "abc".
        let abc = Digest::sha256(b"abc");
        assert_eq!(abc.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(abc.sri(), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn bad_digests_are_refused_by_name() {
        assert_eq!("md5:00".parse::<Digest>(), Err(DigestError::UnknownAlgorithm("md5".into())));
        assert!(matches!("sha256:00".parse::<Digest>(), Err(DigestError::WrongLength { found: 1, .. })));
        assert!(matches!("sha1-@@".parse::<Digest>(), Err(DigestError::NotEncoded(_))));
        assert_eq!("".parse::<Digest>(), Err(DigestError::NoAlgorithm));
    }

    proptest! {
        #[test]
        fn both_text_forms_round_trip(content: Vec<u8>, index in 0usize..4) {
            let digest = Digest::of(DigestAlgorithm::ALL[index], &content);
            prop_assert_eq!(&digest.to_string().parse::<Digest>().unwrap(), &digest);
            prop_assert_eq!(&digest.sri().parse::<Digest>().unwrap(), &digest);
        }
    }
}
