//! A lockfile as read: what it pins, where each pin stands.

use crate::{Digest, Ecosystem, Release};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The lockfile formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LockfileFormat {
    /// `package-lock.json` and `npm-shrinkwrap.json`, lockfileVersion 1 to 3.
    NpmPackageLock,
    UvLock,
    PoetryLock,
    /// PEP 751.
    Pylock,
    /// `requirements*.txt` with `--hash`.
    Requirements,
    CargoLock,
}

impl LockfileFormat {
    pub fn ecosystem(self) -> Ecosystem {
        match self {
            Self::NpmPackageLock => Ecosystem::Npm,
            Self::UvLock | Self::PoetryLock | Self::Pylock | Self::Requirements => Ecosystem::Pypi,
            Self::CargoLock => Ecosystem::Cargo,
        }
    }
}

/// A digest that the lockfile pins, and the file it pins where the format names one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct LockedDigest {
    pub digest: Digest,
    /// File name without folders; `None` where a format has one artifact a release (npm, cargo) or leaves it out (pip).
    pub file: Option<String>,
}

/// Where the lockfile says a release comes from. Untrusted text: never fetched as it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Origin {
    /// A registry. `url`: the registry or artifact address written in the lockfile, if any, without credentials.
    Registry { url: Option<String> },
    /// A git repository; `commit` is `None` when the lockfile pins none.
    Git { url: String, commit: Option<String> },
    /// An archive at an address outside a registry.
    Url { url: String },
    /// A folder or file of the repository (workspace member, path dependency).
    Path { path: String },
    /// Shipped inside the artifact of another release (npm `inBundle`).
    Bundled { by: Option<String> },
}

/// One entry of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockedRelease {
    #[serde(flatten)]
    pub release: Release,
    pub origin: Origin,
    pub digests: Vec<LockedDigest>,
    /// Named by the project itself, not only by a dependency. `None` where the format cannot tell.
    pub direct: Option<bool>,
    /// Needed for development alone. `None` where the format cannot tell.
    pub dev: Option<bool>,
    pub optional: bool,
    /// The name under which it is installed, where that differs (npm aliases).
    pub alias: Option<String>,
    /// What the lockfile says of install scripts (npm `hasInstallScript`); `None` where it is silent.
    pub install_script: Option<bool>,
    /// 1-based line of the entry.
    pub line: u32,
    /// Keys into [`Lockfile::releases`]: the entries this one depends on, as indices, sorted.
    pub depends_on: Vec<u32>,
}

/// A parsed lockfile. Entries are in file order; the same release may stand in it more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lockfile {
    /// Path within the repository, `/` separated.
    pub path: String,
    pub format: LockfileFormat,
    /// The project's own name and version, where the lockfile tells.
    pub root: Option<(String, Option<String>)>,
    pub releases: Vec<LockedRelease>,
}

/// Why a lockfile could not be read; a fact about the pull request, not a fault of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
pub struct LockfileError {
    pub path: String,
    /// 1-based, where known.
    pub line: Option<u32>,
    /// 1-based, where known.
    pub column: Option<u32>,
    /// What is wrong, without the file's own text beyond 80 characters.
    pub message: String,
}

impl fmt::Display for LockfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.message)
    }
}
