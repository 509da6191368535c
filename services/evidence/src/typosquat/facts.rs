//! What the typosquat check found: frozen names, read by policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of the typosquat check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TyposquatFacts {
    /// Popular packages that the name looks like, the most popular first; empty for a name that is popular itself or is
    /// not new.
    pub alike: Vec<Alike>,
}

/// A popular package and how the name resembles its.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alike {
    pub name: String,
    /// Its place among the popular names of its ecosystem, from 1.
    pub rank: u32,
    pub how: Likeness,
}

/// In which way two names are alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Likeness {
    /// They differ in signs that look the same (`0` and `o`, `rn` and `m`, letters of other scripts).
    Homoglyph {},
    /// They differ in `-`, `_`, `.` or their absence.
    Separators {},
    /// A scope has become a part of the name, or a part of the name a scope.
    Scope {},
    /// The same words in another order.
    WordOrder {},
    /// They are one edit apart.
    OneEdit { edit: Edit },
    /// One is the other with something before or behind it that says nothing.
    Affix { affix: String },
}

/// What was done to the popular name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    Added,
    LeftOut,
    Replaced,
    Swapped,
}
