//! Where an artifact was built: frozen names, read by policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the certificate says of the build, after the statement was found to agree with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProvenanceFacts {
    /// Version of SLSA's predicate: `0.2` or `1`.
    pub slsa: String,
    /// How the builder's words are to be read, an address.
    pub build_type: String,
    /// Who built: the builder that the statement names, and that the certificate does not contradict.
    pub builder: String,
    /// The repository that was built, as `https://HOST/OWNER/NAME`. Compare it with the one that the package's manifest names.
    pub repository: String,
    /// As `refs/tags/v1.0.0`.
    pub r#ref: Option<String>,
    pub commit: Option<String>,
    /// The workflow that was started, with its ref.
    pub workflow: Option<String>,
    /// The workflow that signed: another one where a reusable workflow was called.
    pub signer: Option<String>,
    /// What started it, as `push`.
    pub trigger: Option<String>,
    /// The run's address.
    pub run: Option<String>,
    pub runner: Runner,
    /// `public`, `private` or `internal`: what is not public, nobody else can look at.
    pub visibility: Option<String>,
}

/// Whose machine it was built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Runner {
    /// The host's own, made for this run alone.
    Hosted,
    /// The repository's owner has it in hand, and whatever was built on it before.
    SelfHosted,
    /// The certificate does not say.
    NotSaid,
}
