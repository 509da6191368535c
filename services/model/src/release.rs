//! Releases and artifacts, named by package URL.

use crate::Digest;
use packageurl::PackageUrl;
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

    /// The package URL, e.g. `pkg:npm/%40scope/name@1.0.0`.
    pub fn purl(&self) -> String {
        let (namespace, name) = match (self.ecosystem, self.name.split_once('/')) {
            (Ecosystem::Npm, Some((scope, name))) => (Some(scope), name),
            _ => (None, self.name.as_str()),
        };
        let built = PackageUrl::new(self.ecosystem.name(), name).and_then(|mut purl| {
            if let Some(namespace) = namespace {
                purl.with_namespace(namespace)?;
            }
            if !self.version.is_empty() {
                purl.with_version(self.version.as_str())?;
            }
            Ok(purl.to_string())
        });
        // Only an empty name is refused by the builder; a lockfile cannot hold one, but stay total.
        built.unwrap_or_else(|_| format!("pkg:{}/unnamed@{}", self.ecosystem, self.version))
    }
}

impl fmt::Display for Release {
    /// As people write it: `npm left-pad 1.3.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.ecosystem, self.name, self.version)
    }
}

impl FromStr for Release {
    type Err = ReleaseError;

    fn from_str(text: &str) -> Result<Self, ReleaseError> {
        let refuse = |why: &str| ReleaseError::Purl(text.chars().take(200).collect(), why.to_owned());
        let purl = PackageUrl::from_str(text).map_err(|e| refuse(&e.to_string()))?;
        let ecosystem: Ecosystem = purl.ty().parse()?;
        let version = purl.version().ok_or_else(|| refuse("it has no version"))?;
        let name = match purl.namespace() {
            Some(namespace) => format!("{namespace}/{}", purl.name()),
            None => purl.name().to_owned(),
        };
        Ok(Self::new(ecosystem, &name, version))
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
