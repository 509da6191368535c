//! What the diff check found: frozen names, read by policy.

use lockgate_archive::Irregularity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of the diff check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiffFacts {
    pub mode: Mode,
    /// The version compared with.
    pub previous: Option<String>,
    pub files: FileCounts,
    pub irregularities: Vec<ArtifactIrregularity>,
    /// New ones first, then by the weight of their type, at most [`super::LISTED`].
    pub findings: Vec<Finding>,
    /// Findings were left out, or a file was too large to be looked through whole.
    pub truncated: bool,
}

/// Whether there is something to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything in the release counts as new.
    New,
    Update,
}

/// Files of all artifacts together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileCounts {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
    /// In the new version.
    pub total: u64,
}

/// What is wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactIrregularity {
    /// Name of the artifact.
    pub file: String,
    #[serde(flatten)]
    pub irregularity: Irregularity,
}

/// What a piece of code does, or is. The order is by weight: what runs unasked comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingType {
    /// Runs when the package is installed, or when any interpreter starts.
    InstallHook,
    /// Written so that people do not see what it does.
    Obfuscation,
    /// Names a place where secrets are kept.
    CredentialPath,
    /// Runs text or data as code.
    DynamicCode,
    /// Starts programs.
    Process,
    /// Reads environment variables as a whole, or those that hold secrets, or asks who and where it is.
    Environment,
    /// Speaks to the network.
    Network,
    /// Machine code.
    Binary,
    /// Runs when the package is built from source.
    BuildScript,
    /// A long text that is packed or encrypted data.
    HighEntropy,
    /// Brings in another package.
    NewDependency,
}

/// One place worth a look. A finding is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    #[serde(rename = "type")]
    pub kind: FindingType,
    /// Appears in this change; an equal one in the version before makes it `false`.
    pub new: bool,
    /// Name of the artifact.
    pub artifact: String,
    /// Path within the artifact.
    pub path: String,
    /// 1-based; 0 where the file has no lines.
    pub line: u32,
    pub end_line: u32,
    /// What stands there, in a few words: untrusted text, at most 160 characters, without control characters.
    pub note: String,
}
