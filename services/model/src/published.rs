//! What a registry says of a package: its releases, their files and digests.

use crate::{Claims, Digest, Release};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// What kind of archive a published file is; decides how it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PublishedFileKind {
    NpmTarball,
    Sdist,
    Wheel,
    Crate,
    /// Something that is listed but not read (eggs, installers).
    Other,
}

/// One file of a release as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublishedFile {
    /// File name without folders.
    pub file: String,
    pub kind: PublishedFileKind,
    /// From the registry's own answer; fetched only when its host is configured.
    #[schemars(with = "String")]
    pub url: Url,
    /// Every digest that the registry states.
    pub digests: Vec<Digest>,
    /// Bytes, where the registry tells.
    pub size: Option<u64>,
    /// What the registry itself signed of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<RegistrySignature>,
    /// Where the registry says that attestations of the file are; `None` where it says that there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub attestations: Option<Url>,
}

/// A signature by a registry's own key (npm: `dist.signatures`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RegistrySignature {
    /// Names one of the registry's keys.
    pub keyid: String,
    /// Base64.
    pub sig: String,
}

/// One release as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublishedRelease {
    pub release: Release,
    pub files: Vec<PublishedFile>,
    pub claims: Claims,
    /// As the registry states it; a mirror may state its own ingest time.
    pub published_at: Option<DateTime<Utc>>,
    /// Withdrawn (PEP 592 yanked, cargo yank, npm deprecated) and the reason given, which may be empty.
    pub yanked: Option<String>,
}

/// A package and its releases, in the registry's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublishedPackage {
    pub name: String,
    pub releases: Vec<PublishedRelease>,
}

impl PublishedPackage {
    /// The release whose version is spelled `version` exactly.
    pub fn release(&self, version: &str) -> Option<&PublishedRelease> {
        self.releases.iter().find(|r| r.release.version == version)
    }
}
