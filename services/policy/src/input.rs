//! The document that rules see as `input`: version 1, frozen.
//!
//! It is a type of its own, apart from the model, because policies are written against it by people who do not
//! follow our changes: fields are added, never renamed or removed, or the version is raised. Its JSON Schema is
//! committed in `schema/policy-input-v1.json`.

use chrono::{DateTime, Utc};
use lockgate_model::{
    Cause, ChangeKind, Ecosystem, EvidenceId, LockfileError, LockfileFinding, LockfileFormat, PinKind, PinReference,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version that this type is.
pub const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyInput {
    pub version: u32,
    /// "Now" for the rules; a replay sees the same time.
    pub asked_at: DateTime<Utc>,
    /// `OWNER/NAME`.
    pub repository: String,
    pub base: String,
    pub head: String,
    /// Hosts of the configured registries, `host` or `host:port`, lower case; empty when none is configured.
    pub registry_hosts: Vec<String>,
    /// Ids of the collectors without whose evidence nothing passes.
    pub required: Vec<String>,
    /// Lockfiles that differ between base and head.
    pub lockfiles: Vec<LockfileInput>,
    /// In lockfile order.
    pub releases: Vec<ReleaseInput>,
    /// What comes in by workflows, build files, submodules and hooks.
    #[serde(default)]
    pub pins: Vec<PinInput>,
    /// Files that hold such pins and cannot be read.
    #[serde(default)]
    pub unread: Vec<LockfileError>,
}

/// Something that the repository takes from elsewhere by naming it outside a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PinInput {
    /// Path of the file in which it is named.
    pub path: String,
    /// 1-based.
    pub line: u32,
    pub kind: PinKind,
    pub name: String,
    pub reference: PinReference,
    /// The tag beside a digest or in the comment behind a commit.
    pub label: Option<String>,
    /// Of a submodule.
    pub address: Option<String>,
    /// `null` unless the same was named before.
    pub old: Option<OldPinInput>,
}

/// What was named before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OldPinInput {
    pub reference: PinReference,
    pub label: Option<String>,
    pub address: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockfileInput {
    pub path: String,
    pub format: LockfileFormat,
    pub status: LockfileState,
    /// Only when malformed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<LockfileError>,
    /// What is remarkable about the file as a whole.
    #[serde(default)]
    pub findings: Vec<LockfileFinding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LockfileState {
    Appeared,
    Disappeared,
    Changed,
    Malformed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseInput {
    /// `pkg:npm/left-pad@1.3.0`.
    pub purl: String,
    /// The package URL without version: `pkg:npm/left-pad`.
    pub package: String,
    pub ecosystem: Ecosystem,
    pub name: String,
    pub version: String,
    pub kind: ChangeKind,
    /// `null` unless the package was there before.
    pub old_version: Option<String>,
    /// Path of the lockfile.
    pub lockfile: String,
    /// 1-based.
    pub line: u32,
    /// Named by the project itself; `null` where the lockfile cannot tell.
    pub direct: Option<bool>,
    /// Needed for development alone; `null` where the lockfile cannot tell.
    pub dev: Option<bool>,
    pub optional: bool,
    pub origin: OriginInput,
    /// What the expression of the license evidence lets one choose: alternatives, all of whose licences apply
    /// together. `null` when no expression is known or it has more than 64 alternatives.
    pub license_choices: Option<Vec<Vec<String>>>,
    /// By collector id.
    pub evidence: BTreeMap<String, EvidenceInput>,
}

/// `host` is `host` or `host:port` in lower case, `null` when the address names none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OriginInput {
    Registry { url: Option<String>, host: Option<String> },
    Git { url: String, host: Option<String>, commit: Option<String> },
    Url { url: String, host: Option<String> },
    Path { path: String },
    Bundled { by: Option<String> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceInput {
    pub id: EvidenceId,
    pub collector_version: u32,
    #[serde(flatten)]
    pub observation: ObservationInput,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ObservationInput {
    /// The facts' shape is the collector's; its JSON Schema is exported under its id.
    Observed {
        facts: serde_json::Value,
    },
    Absent,
    Unavailable {
        cause: Cause,
    },
}

/// The JSON Schema of [`PolicyInput`].
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(PolicyInput)
}

impl PolicyInput {
    /// A change that touches no lockfile.
    pub(crate) fn about_nothing() -> Self {
        Self {
            version: VERSION,
            asked_at: DateTime::UNIX_EPOCH,
            repository: "nobody/nothing".into(),
            base: "0".repeat(40),
            head: "0".repeat(40),
            registry_hosts: Vec::new(),
            required: Vec::new(),
            lockfiles: Vec::new(),
            releases: Vec::new(),
            pins: Vec::new(),
            unread: Vec::new(),
        }
    }
}
