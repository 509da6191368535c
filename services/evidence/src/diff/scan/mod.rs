//! Looks through one file and says what its code does. Nothing is executed.
//!
//! The code is cut into tokens first, so that comments and prose do not count and `"child" + "_process"` is
//! read as the one word it becomes. A list of words for each family stands in the file of the family. Every
//! step is linear in the size of the file.

mod binary;
mod credentials;
mod dynamic_code;
mod entropy;
mod environment;
mod hooks;
mod language;
mod lexer;
mod manifest;
mod network;
mod obfuscation;
mod process;
mod source;
mod token;

use super::facts::FindingType;
use language::Language;
use lockgate_archive::File;
use source::Source;
use std::collections::BTreeMap;

pub(super) use manifest::{Dependency, dependencies};

/// Bytes of one file that are looked through.
const FILE_BYTES: usize = 16 << 20;
/// Findings of one type in one file, before they are compared with the version before.
const FINDINGS: usize = 500;

/// A finding before it is known whether it is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) kind: FindingType,
    pub(super) line: u32,
    pub(super) end_line: u32,
    pub(super) note: String,
    /// What makes it equal to another: the statement without white space and place.
    pub(super) key: String,
}

/// What was seen in one file.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) sightings: Vec<Sighting>,
    /// Something was left out.
    pub(super) truncated: bool,
    counts: BTreeMap<FindingType, usize>,
}

/// Looks through `file`; `path` is below the top folder of its archive.
pub(super) fn scan(path: &str, file: &File) -> Scan {
    let mut scan = Scan::default();
    binary::look(path, file, &mut scan);
    if !scan.sightings.is_empty() {
        return scan;
    }
    let content = file.content.get(..FILE_BYTES).unwrap_or(&file.content);
    scan.truncated = content.len() < usize::try_from(file.size).unwrap_or(usize::MAX);
    let text = String::from_utf8_lossy(content);

    hooks::look(path, &text, &mut scan);
    if let Some(language) = Language::of(path, &text) {
        look_at_code(path, &text, language, &mut scan);
    }
    scan
}

fn look_at_code(path: &str, text: &str, language: Language, scan: &mut Scan) {
    let source = Source::new(text, language);
    for look in [
        process::look,
        network::look,
        environment::look,
        dynamic_code::look,
        credentials::look,
        entropy::look,
        obfuscation::look,
    ] {
        look(&source, scan);
    }
    obfuscation::look_at_lines(path, &source, scan);
}

impl Scan {
    fn add(&mut self, sighting: Sighting) {
        if !self.is_full(sighting.kind) {
            *self.counts.entry(sighting.kind).or_default() += 1;
            self.sightings.push(sighting);
        }
    }

    /// Whether another sighting of `kind` would be left out; asked only when there is one.
    fn is_full(&mut self, kind: FindingType) -> bool {
        let full = self.counts.get(&kind).is_some_and(|n| *n >= FINDINGS);
        self.truncated |= full;
        full
    }

    /// A sighting of the file as a whole.
    fn add_file(&mut self, kind: FindingType, line: u32, note: &str, key: &str) {
        self.add(Sighting { kind, line, end_line: line, note: source::shown(note), key: key.to_owned() });
    }
}
