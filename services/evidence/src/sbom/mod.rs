//! Bills of materials of whole lockfiles, for auditors and for the tools that read them.
//!
//! Two formats from one inventory: CycloneDX 1.6 and SPDX 2.3, both JSON. 1.6 rather than 1.7, since the newer
//! version adds nothing that is said here and fewer readers know it. The output depends on the input alone
//! (time and serial number are handed in), so two runs can be compared byte by byte.
//!
//! Nothing is claimed that is not known: an unknown licence is `NOASSERTION` or left out, and a hash is the
//! component's own only where one artifact stands behind it.

mod address;
mod cyclonedx;
mod inventory;
mod licensing;
mod reader;
mod spdx_document;

pub use cyclonedx::cyclonedx_json;
pub(crate) use reader::spelled_npm_name;
pub use reader::{SbomContents, SkippedPurl, read_sbom, releases_in_sbom};
pub use spdx_document::spdx_json;

use chrono::{DateTime, Utc};
use lockgate_model::Lockfile;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a bill of materials is made of.
#[derive(Debug, Clone)]
pub struct SbomInput<'a> {
    /// Of the project: `OWNER/NAME`, or the folder's name.
    pub name: &'a str,
    /// Of the project: the commit, or its own version.
    pub version: &'a str,
    pub lockfiles: &'a [Lockfile],
    /// By package URL, as [`lockgate_model::Release::purl`] spells it.
    pub facts: &'a BTreeMap<String, ComponentFacts>,
    /// Written in whole seconds.
    pub created: DateTime<Utc>,
    /// Lockgate's own version.
    pub tool_version: &'a str,
    /// Names this document, and no other.
    pub serial: Uuid,
}

/// What is known of a release beside its lockfile entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComponentFacts {
    /// The licence as the publisher states it, whatever its form.
    pub declared_license: Option<String>,
    /// The SPDX expression that the licence check concluded.
    pub effective_license: Option<String>,
    /// Who supplies the release. Electronic addresses in it are left out.
    pub supplier: Option<String>,
    /// Address of the source repository, as the publisher states it.
    pub repository: Option<String>,
    pub homepage: Option<String>,
}

/// Why a bill of materials cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    #[error("write the {format} document of {name}: {source}; report this as a defect of Lockgate")]
    Write { format: &'static str, name: String, source: serde_json::Error },
    #[error("read the bill of materials: it is larger than {limit} bytes; split it")]
    TooLarge { limit: usize },
    #[error("read the bill of materials: it is not JSON ({0}); give CycloneDX or SPDX as JSON")]
    NotJson(serde_json::Error),
    #[error("read the bill of materials: {0} is not read; give CycloneDX 1.3 to 1.7 or SPDX 2.x as JSON")]
    UnknownFormat(String),
}

#[cfg(test)]
mod tests;
