//! What the pin check found: frozen names, read by policy.

use lockgate_model::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of the pin check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PinFacts {
    /// Empty when the entry agrees with itself, with the one before and with the operator's names.
    pub findings: Vec<Finding>,
}

/// One way in which an entry of a lockfile says two things, or less than before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Finding {
    /// The address is that of another package.
    NameDiffersFromAddress { address: String, address_name: String },
    /// The address is that of another version.
    VersionDiffersFromAddress { address: String, address_version: String },
    /// A pinned file has the name of another package.
    NameDiffersFromFile { file: String },
    /// The same version pins other bytes than before.
    DigestChanged {
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        before: Digest,
        after: Digest,
    },
    /// The entry before pinned bytes, this one pins none.
    DigestRemoved { before: Digest },
    /// The entry before pinned by a stronger algorithm.
    DigestWeakened { before: Digest, after: Digest },
    /// An archive at an address, of which no digest is pinned.
    AddressWithoutDigest { address: String },
    /// An archive at an address, pinned by SHA-1 alone.
    AddressWithWeakDigest { address: String, locked: Digest },
    /// It came from a registry before, and now does not.
    LeftRegistry { address: String },
    /// The lockfile says that it runs a script on installation, and did not say so of the version before.
    InstallScriptNew {},
    /// It runs scripts on installation, and the lockfile says that it has none.
    InstallScriptUnmarked { scripts: Vec<String> },
    /// The name is one of the operator's own, and the release comes from elsewhere.
    InternalFromOutside { names: String, registry: String, address: String },
    /// The name is one of the operator's own, and the lockfile does not say where the release comes from.
    InternalFromUnstated { names: String, registry: String },
}
