//! A row of a data set: what it is, where it comes from, and where its features lie.

use lockgate_classifier::Extract;
use lockgate_model::Ecosystem;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Label {
    Malicious,
    Benign,
}

/// With what a version is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// With nothing: the package is new.
    New,
    Update,
}

/// What a row is of, and who says so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub ecosystem: Ecosystem,
    pub name: String,
    pub previous_version: Option<String>,
    pub version: String,
    pub previous_sha256: Option<String>,
    pub artifact_sha256: String,
    pub month: String,
    pub label: Label,
    /// A repository and its commit, or a registry.
    pub label_source: String,
    /// What must not be on both sides of a split.
    pub family: String,
    pub skeleton: String,
    pub mode: Mode,
    pub split: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub origin: Origin,
    /// Where the features lie in `features.bin`, in bytes, and what they hash to.
    pub offset: u64,
    pub length: u64,
    pub features_sha256: String,
    pub chunks: usize,
    pub left_out: usize,
    /// Entries of the archive that could not be read as such.
    pub irregularities: usize,
}

/// `features.bin` of a row, little-endian: its facts as bits (u16), the number of chunks (u16), and of each its role (u8), its
/// length (u16) and its tokens (u16).
pub(crate) fn encode(extract: &Extract) -> Vec<u8> {
    let short = |length: usize| u16::try_from(length).expect("chunks are bounded").to_le_bytes();
    let facts = extract.facts.iter().fold(0_u16, |bits, fact| bits | 1 << fact.number());
    let mut bytes = facts.to_le_bytes().to_vec();
    bytes.extend(short(extract.chunks.len()));
    for chunk in &extract.chunks {
        bytes.push(chunk.role.number());
        bytes.extend(short(chunk.tokens.len()));
        bytes.extend(chunk.tokens.iter().flat_map(|token| token.to_le_bytes()));
    }
    bytes
}
