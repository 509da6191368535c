//! Pins outside lockfiles: what a repository takes from elsewhere by naming it in a workflow, a build file or a hook.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is taken from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PinKind {
    /// A GitHub action or reusable workflow (`uses:`).
    Action,
    /// A container image (`FROM`, `image:`, `docker://`).
    Image,
    /// A git submodule.
    Submodule,
    /// A repository of pre-commit hooks.
    Hook,
}

/// How far it is fixed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PinReference {
    /// A full commit id: the same content for ever.
    Commit { commit: String },
    /// A digest, `sha256:` and 64 digits: the same content for ever.
    Digest { digest: String },
    /// A tag, a branch or a short commit id, which may be moved.
    Movable { name: String },
    /// None is named: whatever is newest.
    Unstated {},
    /// An expression or a variable, whose value is not in the file.
    Computed { text: String },
}

/// One such name at one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Pin {
    pub kind: PinKind,
    /// `owner/name[/path]` of an action, an image without tag and digest, the path of a submodule, the address of a
    /// hook's repository without credentials.
    pub name: String,
    pub reference: PinReference,
    /// What people are told it is: the tag beside a digest, the comment behind a commit.
    pub label: Option<String>,
    /// Of a submodule: where it comes from, without credentials.
    pub address: Option<String>,
    /// 1-based.
    pub line: u32,
}

/// A pin that comes in: it is new in its file, or says something else than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PinChange {
    /// Path within the repository.
    pub path: String,
    /// What stood in its place; `None` when nothing did.
    pub old: Option<Pin>,
    pub new: Pin,
}
