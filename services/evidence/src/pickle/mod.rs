//! Pickle: what the serialised Python objects of a release would import and call when they are loaded.
//!
//! A pickle is a program: who loads model weights in that form runs what their publisher, or whoever exchanged the file,
//! put into it. It is read here as opcodes and never loaded. Formats for weights that hold no code (safetensors) exist,
//! so a pickle that calls anything but the constructors of arrays deserves a look.
//!
//! Looked at are files that are called as pickles are, those that begin as pickles do, and those within PyTorch's zip
//! files. What a plain string in a pickle does elsewhere is not seen.

mod facts;
mod opcodes;
#[cfg(test)]
mod tests;

pub use facts::{Import, PickleFacts, PickleFile, Reading};

use crate::{Collector, FetchedArtifact, InputDigests, Inputs};
use facts::Kind;
use lockgate_archive::{Format, Limits, read};
use lockgate_model::{Cause, Digest, Observation, Origin};
use schemars::schema_for;
use std::collections::BTreeSet;

/// Pickles that are told of one release.
const LISTED: usize = 100;
/// What pickles are called.
const NAMES: [&str; 6] = [".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt"];

/// The pickle check.
#[derive(Debug, Clone, Copy)]
pub struct Pickle;

impl Collector for Pickle {
    fn id(&self) -> &'static str {
        "pickle"
    }

    fn version(&self) -> u32 {
        1
    }

    fn description(&self) -> &'static str {
        "Reads serialised Python objects as opcodes, and names what they would import when they are loaded"
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#pickle"
    }

    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        known.artifacts.iter().chain(&known.previous).cloned().collect()
    }

    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        if matches!(inputs.change.entry().origin, Origin::Bundled { .. }) {
            // Its files are within the artifact that bundles it and are looked at there.
            return Ok(Observation::Absent);
        }
        let artifacts = inputs.artifacts.as_deref().map_err(Cause::clone)?;
        let before = inputs.previous.as_ref().and_then(|previous| previous.as_deref().ok()).unwrap_or_default();
        let known: BTreeSet<Digest> = pickles(before).map(|(_, content)| Digest::sha256(&content)).collect();
        let mut facts = PickleFacts::default();
        for (path, content) in pickles(artifacts) {
            facts.pickles += 1;
            if let Some(file) = look(path, &content, &known)
                && facts.files.len() < LISTED
            {
                facts.files.push(file);
            }
        }
        Ok(Observation::Observed { facts: serde_json::to_value(facts).expect("facts have only string keys") })
    }

    fn facts_schema(&self) -> schemars::Schema {
        schema_for!(PickleFacts)
    }
}

/// `None` for a pickle that makes nothing but plain data and arrays.
fn look(path: String, content: &[u8], known: &BTreeSet<Digest>) -> Option<PickleFile> {
    let program = opcodes::read(content);
    let imports: Vec<Import> = program.imports.into_iter().filter(|import| import.kind != Kind::Plain).collect();
    let reading = program.end;
    (!imports.is_empty() || reading != Reading::Whole).then(|| PickleFile {
        path,
        new: !known.contains(&Digest::sha256(content)),
        imports,
        reading,
    })
}

/// Every pickle of the artifacts, with its path.
fn pickles(artifacts: &[FetchedArtifact]) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    let files = artifacts.iter().flat_map(|artifact| &artifact.contents.files);
    files.flat_map(|file| {
        let named = NAMES.iter().any(|name| file.path.to_ascii_lowercase().ends_with(name));
        match file.content.as_ref() {
            [b'P', b'K', 3, 4, ..] if named || file.path.ends_with(".bin") => within(&file.path, &file.content),
            content if begins_as_pickle(content) || (named && !content.is_empty()) => {
                vec![(file.path.clone(), content.to_vec())]
            }
            _ => Vec::new(),
        }
    })
}

/// `PROTO` and the number of a protocol that has it, then an opcode that may follow.
fn begins_as_pickle(content: &[u8]) -> bool {
    matches!(content, [0x80, 2..=5, next, ..] if opcodes::is_opcode(*next))
}

/// The pickles in a zip file, as PyTorch writes them.
fn within(path: &str, content: &bytes::Bytes) -> Vec<(String, Vec<u8>)> {
    let inner = read(content, Format::Zip, &Limits::default());
    let pickles = inner.files.into_iter().filter(|file| file.path.ends_with(".pkl"));
    pickles.map(|file| (format!("{path}/{}", file.path), file.content.to_vec())).collect()
}
