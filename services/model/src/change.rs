//! What a range of commits changes in the lockfiles.

use crate::{CommitSha, LockedRelease, LockfileError, LockfileFormat, PinChange, Release, RepoId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How one release moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Added,
    Removed,
    /// Same package, other version.
    Moved,
    /// Same release, other digests or other origin.
    Repinned,
}

/// One release that a lockfile change adds, removes, moves or re-pins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseChange {
    pub kind: ChangeKind,
    /// Path of the lockfile.
    pub lockfile: String,
    /// The entry before; `None` when added.
    pub old: Option<LockedRelease>,
    /// The entry after; `None` when removed.
    pub new: Option<LockedRelease>,
}

/// Names one release change within a [`Change`]: lockfile path and package URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseKey {
    pub lockfile: String,
    pub purl: String,
}

impl ReleaseChange {
    /// The entry that the change is about: the new one, or the old one of a removal.
    pub fn entry(&self) -> &LockedRelease {
        self.new.as_ref().or(self.old.as_ref()).expect("a release change has an old or a new entry")
    }

    pub fn release(&self) -> &Release {
        &self.entry().release
    }

    /// 1-based line: in the head's lockfile, or in the base's for a removal.
    pub fn line(&self) -> u32 {
        self.entry().line
    }

    pub fn key(&self) -> ReleaseKey {
        ReleaseKey { lockfile: self.lockfile.clone(), purl: self.release().purl() }
    }

    /// The version before, where the package was there before.
    pub fn old_version(&self) -> Option<&str> {
        self.old.as_ref().map(|o| o.release.version.as_str())
    }

    /// Whether something comes in that must be judged.
    pub fn comes_in(&self) -> bool {
        self.kind != ChangeKind::Removed
    }
}

/// What happened to a lockfile as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum LockfileStatus {
    Appeared,
    Disappeared,
    Changed,
    /// It cannot be read at the head; what it would bring in is unknown.
    Malformed {
        error: LockfileError,
    },
}

/// What is remarkable about a lockfile as a whole; no single release shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LockfileFinding {
    /// Releases come from a registry or index that neither the lockfile at the base names nor the operator configured.
    NewRegistry {
        /// Up to the package's name, without credentials.
        address: String,
        /// Of the first release that comes from there.
        line: u32,
    },
    /// The manifest beside it asks for a package of which no version is locked.
    NotLocked { manifest: String, manifest_line: u32, name: String, range: String },
    /// The manifest beside it asks for other versions of a package than are locked.
    OutOfRange { manifest: String, manifest_line: u32, name: String, range: String, version: String, line: u32 },
}

/// One lockfile that differs between base and head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockfileChange {
    pub path: String,
    pub format: LockfileFormat,
    #[serde(flatten)]
    pub status: LockfileStatus,
    pub releases: Vec<ReleaseChange>,
    /// Of the head's lockfile. Not in changes that were recorded by an earlier version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<LockfileFinding>,
}

/// What a range of commits changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    pub repository: RepoId,
    pub base: CommitSha,
    pub head: CommitSha,
    /// Only lockfiles that differ; empty when none does.
    pub lockfiles: Vec<LockfileChange>,
    /// What comes in by other files than lockfiles, by path and line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<PinChange>,
    /// Files that hold such pins and cannot be read at the head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<LockfileError>,
}

impl Change {
    pub fn releases(&self) -> impl Iterator<Item = &ReleaseChange> {
        self.lockfiles.iter().flat_map(|l| &l.releases)
    }
}
