//! What the pickle check found: frozen names, read by policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of the pickle check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PickleFacts {
    /// Pickles that were looked at.
    pub pickles: u32,
    /// Those that make more than plain data and arrays, or could not be read to their end; at most a hundred.
    pub files: Vec<PickleFile>,
}

/// One pickle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PickleFile {
    /// In the artifact; in a zip file of it behind the path of that.
    pub path: String,
    /// Not in the version before, as it is.
    pub new: bool,
    /// What it imports beside the constructors of plain data and arrays, each once.
    pub imports: Vec<Import>,
    pub reading: Reading,
}

/// A name that is looked up in a module when the pickle is loaded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Import {
    pub kind: Kind,
    pub module: String,
    pub name: String,
}

/// What a name can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Runs programs or code, or reaches files and the network.
    RunsCode,
    /// The name is put together when the pickle is loaded.
    Hidden,
    /// A class or function of some library.
    Elsewhere,
    /// A constructor of plain data or arrays.
    Plain,
}

/// How far a pickle was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    Whole,
    /// It ends or goes on with what is no pickle; what is imported before that is imported all the same.
    Broken,
}
