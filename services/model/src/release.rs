//! Releases and artifacts, named by package URL.

use crate::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A package ecosystem. The name is also the purl type (ECMA-427).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    Npm,
    Pypi,
    Cargo,
}

impl Ecosystem {
    pub const ALL: [Self; 3] = [Self::Npm, Self::Pypi, Self::Cargo];

    pub fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Cargo => "cargo",
        }
    }

    /// The `ecosystem` value of an OSV record (OSV schema, defined ecosystems).
    pub fn osv_name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pypi => "PyPI",
            Self::Cargo => "crates.io",
        }
    }

    /// The one spelling under which `name` is known: PEP 503 for PyPI, unchanged elsewhere.
    pub fn normalize_name(self, name: &str) -> String {
        match self {
            Self::Pypi => normalize_pypi(name),
            Self::Npm | Self::Cargo => name.to_owned(),
        }
    }
}

/// PEP 503: lower case, runs of `-`, `_`, `.` become one `-`.
fn normalize_pypi(name: &str) -> String {
    let mut normalized = String::with_capacity(name.len());
    for c in name.chars() {
        if !matches!(c, '-' | '_' | '.') {
            normalized.extend(c.to_lowercase());
        } else if !normalized.ends_with('-') {
            normalized.push('-');
        }
    }
    normalized
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Ecosystem {
    type Err = ReleaseError;

    fn from_str(name: &str) -> Result<Self, ReleaseError> {
        Self::ALL.into_iter().find(|e| e.name() == name).ok_or_else(|| ReleaseError::Ecosystem(name.into()))
    }
}

/// Why a text names no release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    #[error("ecosystem {0:?} is not one of npm, pypi, cargo")]
    Ecosystem(String),
    #[error("{0:?} is not a package URL of a release: {1}")]
    Purl(String, String),
}

/// One version of one package. Names are in the ecosystem's normal form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    pub ecosystem: Ecosystem,
    pub name: String,
    pub version: String,
}

impl Release {
    pub fn new(ecosystem: Ecosystem, name: &str, version: &str) -> Self {
        Self { ecosystem, name: ecosystem.normalize_name(name), version: version.to_owned() }
    }

    /// The package URL, e.g. `pkg:npm/%40scope/name@1.0.0`. Injective: npm names keep their case, because old
    /// packages differ in nothing else (`JSONStream`, `jsonstream`), and evidence is filed under this text.
    pub fn purl(&self) -> String {
        // Slashes at the ends, or two together, mean nothing in a purl: they would make two names one.
        let is_path = self.name.split('/').all(|part| !part.is_empty());
        let name: Vec<String> =
            if is_path { self.name.split('/').map(encode).collect() } else { vec![encode(&self.name)] };
        let version = if self.version.is_empty() { String::new() } else { format!("@{}", encode(&self.version)) };
        format!("pkg:{}/{}{version}", self.ecosystem, name.join("/"))
    }
}

/// Percent-encodes all but the characters that a purl leaves as they are (ECMA-427, section 5.4).
fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// `None` for a broken escape or text that is not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, tail @ ..] = rest else { return None };
        let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        bytes.push(digit(high)? << 4 | digit(low)?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for Release {
    /// As people write it: `npm left-pad 1.3.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.ecosystem, self.name, self.version)
    }
}

impl FromStr for Release {
    type Err = ReleaseError;

    /// Qualifiers and subpath are left out: they name no other release.
    fn from_str(text: &str) -> Result<Self, ReleaseError> {
        let refuse = |why: &str| ReleaseError::Purl(text.chars().take(200).collect(), why.to_owned());
        let body = text.strip_prefix("pkg:").ok_or_else(|| refuse("it does not begin with pkg:"))?;
        let body = body.trim_start_matches('/').split(['#', '?']).next().unwrap_or_default();
        let (kind, path) = body.split_once('/').ok_or_else(|| refuse("it has no name"))?;
        let ecosystem: Ecosystem = kind.to_ascii_lowercase().parse()?;
        let (name, version) = path.rsplit_once('@').ok_or_else(|| refuse("it has no version"))?;
        let decoded = |part: &str| decode(part).ok_or_else(|| refuse("an escape in it is broken"));
        let (name, version) = (decoded(name.trim_matches('/'))?, decoded(version)?);
        if name.is_empty() || version.is_empty() {
            return Err(refuse("its name or version is empty"));
        }
        Ok(Self::new(ecosystem, &name, &version))
    }
}

/// One file of a release, identified by its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    pub release: Release,
    /// File name as the registry gives it, without folders.
    pub file: String,
    /// SHA-256 of the bytes that were read.
    pub digest: Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purl_round_trips() {
        for (release, purl) in [
            (Release::new(Ecosystem::Npm, "@scope/name", "1.0.0-rc.1+b"), "pkg:npm/%40scope/name@1.0.0-rc.1%2Bb"),
            (Release::new(Ecosystem::Pypi, "Ruamel.Yaml__clib", "0.2.8"), "pkg:pypi/ruamel-yaml-clib@0.2.8"),
            (Release::new(Ecosystem::Cargo, "serde_json", "1.0.1"), "pkg:cargo/serde_json@1.0.1"),
            (Release::new(Ecosystem::Npm, "JSONStream", "1.0.0"), "pkg:npm/JSONStream@1.0.0"),
            (Release::new(Ecosystem::Npm, "left-pad/", "1.0.0"), "pkg:npm/left-pad%2F@1.0.0"),
            (Release::new(Ecosystem::Npm, "/@a//b", "1.0.0"), "pkg:npm/%2F%40a%2F%2Fb@1.0.0"),
        ] {
            assert_eq!(release.purl(), purl);
            assert_eq!(purl.parse::<Release>().unwrap(), release);
        }
    }

    #[test]
    fn a_purl_without_version_is_no_release() {
        assert!("pkg:npm/left-pad".parse::<Release>().is_err());
        assert!("pkg:gem/rails@7".parse::<Release>().is_err());
    }
}
