//! What the checksum check found: frozen names, read by policy.

use chrono::{DateTime, Utc};
use lockgate_model::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of the checksum check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChecksumFacts {
    /// The files that were fetched, sorted by name.
    pub artifacts: Vec<ArtifactFacts>,
    /// Everything found, that of [`Self::artifacts`] included.
    pub findings: Vec<Finding>,
    /// Files whose bytes are what the lockfile pins, by a digest that resists collisions.
    pub verified: Vec<String>,
}

/// One fetched file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactFacts {
    pub file: String,
    pub sha256: Digest,
    pub bytes: u64,
    /// What was found of this file.
    pub findings: Vec<Finding>,
}

/// One disagreement or gap. Only digests of one algorithm are ever held against each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Finding {
    /// The lockfile pins other bytes than the registry lists.
    LockedDiffersFromRegistry { file: String, locked: Digest, registry: Digest },
    /// The lockfile pins other bytes than were delivered.
    LockedDiffersFromBytes { file: String, locked: Digest, actual: Digest },
    /// The registry lists other bytes than it delivered.
    RegistryDiffersFromBytes { file: String, registry: Digest, actual: Digest },
    /// The registry delivers (`actual`), or lists (`registry`), other bytes than when the file was first seen.
    ChangedSinceFirstSeen {
        file: String,
        first_seen: Digest,
        first_seen_at: DateTime<Utc>,
        #[serde(skip_serializing_if = "Option::is_none")]
        registry: Option<Digest>,
        #[serde(skip_serializing_if = "Option::is_none")]
        actual: Option<Digest>,
    },
    /// The lockfile pins no bytes at all.
    NoLockedDigest {},
    /// The lockfile pins the file by SHA-1 alone, for which a second file can be made.
    WeakDigestOnly {
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        locked: Digest,
    },
    /// The lockfile pins a file that the registry does not list (any more).
    LockedFileUnknownToRegistry {
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        locked: Digest,
    },
    /// A pinned file was not fetched, and the registry states no digest of the pin's algorithm.
    NotVerifiedFile {
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        locked: Digest,
    },
}

impl Finding {
    /// The file it is about, where it is about one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::LockedDiffersFromRegistry { file, .. }
            | Self::LockedDiffersFromBytes { file, .. }
            | Self::RegistryDiffersFromBytes { file, .. }
            | Self::ChangedSinceFirstSeen { file, .. } => Some(file),
            Self::NoLockedDigest {} => None,
            Self::WeakDigestOnly { file, .. }
            | Self::LockedFileUnknownToRegistry { file, .. }
            | Self::NotVerifiedFile { file, .. } => file.as_deref(),
        }
    }

    /// Whether two parties state different bytes: worth telling even when the attempt could not be completed.
    pub fn is_disagreement(&self) -> bool {
        match self {
            Self::LockedDiffersFromRegistry { .. }
            | Self::LockedDiffersFromBytes { .. }
            | Self::RegistryDiffersFromBytes { .. }
            | Self::ChangedSinceFirstSeen { .. } => true,
            Self::NoLockedDigest {}
            | Self::WeakDigestOnly { .. }
            | Self::LockedFileUnknownToRegistry { .. }
            | Self::NotVerifiedFile { .. } => false,
        }
    }
}
