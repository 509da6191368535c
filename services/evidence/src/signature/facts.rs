//! What the signature check found: frozen names, read by policy.

use lockgate_signature::{Attestation, npm::RegistrySignature};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of the signature check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignatureFacts {
    /// What the registry's own key signed.
    pub registry: Vec<FileSignature>,
    pub attestations: Vec<FileAttestation>,
    /// The releases of the same line before this one that were compared with, the nearest first.
    pub earlier: Vec<EarlierRelease>,
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileSignature {
    pub file: String,
    pub signature: RegistrySignature,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileAttestation {
    pub file: String,
    pub attestation: Attestation,
}

/// An earlier release of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EarlierRelease {
    pub version: String,
    /// Whether the registry says that it was attested. Its word, where nothing of this release is.
    pub attested: bool,
    /// Whether the registry says that it signed it.
    pub signed: bool,
    /// Verified. Empty where there are none, none holds, or none was needed.
    pub builds: Vec<Build>,
}

/// By whom and where something was built, as a verified certificate tells it. What changes with each release is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// Who vouches for the identity: an OpenID provider's address.
    pub issuer: String,
    /// As `https://HOST/OWNER/NAME`; for a person, the identity.
    pub source: String,
    /// Path of the workflow in the repository.
    pub workflow: Option<String>,
    /// As `refs/tags/v1.0.0`.
    pub r#ref: Option<String>,
    /// `github-hosted`, `self-hosted`.
    pub runner: Option<String>,
}

/// Something is not as it was or as it is said to be. `was` is how the nearest of the earlier releases had it, `version`;
/// none of those that were compared has it as it is now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Finding {
    /// Earlier releases were attested, this one is not.
    AttestationDisappeared {
        version: String,
    },
    /// The registry signed earlier releases and not this one.
    RegistrySignatureDisappeared {
        version: String,
    },
    /// Other files of the same release are attested.
    FileNotAttested {
        file: String,
    },
    /// The registry signs, and states no key to verify it with.
    NoKeys {},
    /// Somebody else vouches for who built it.
    OtherIssuer(Value),
    /// Another repository, or another person.
    OtherSource(Value),
    OtherWorkflow(Value),
    /// Earlier ones were built from a tag, this one from a branch; or the like.
    OtherKindOfRef(Value),
    /// Built on a machine that the repository's owner has in hand, as earlier ones were not.
    OtherRunner(Value),
    /// The manifest names another repository than the one that built it.
    SourceDiffersFromClaim {
        claimed: String,
        built: String,
    },
}

/// What it is, and what it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Value {
    pub now: String,
    pub was: String,
    pub version: String,
}
