//! Which files of an artifact speak of licences, and what they say.

use super::{
    detection::{Coverage, Detection, MAX_BYTES, Match, Means, detect},
    mentions, parse,
    places::{Role, role},
};
use crate::FetchedArtifact;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Licence files of one artifact that are read, nearest to the root first.
const MAX_FILES: usize = 64;
/// Bytes of different licence files that are compared for one release, its old version included.
const MAX_TEXTS: usize = 1024 * 1024;
/// Words beside the recognised licences from which on an own licence file needs a reader.
const UNEXPLAINED: u32 = 16;
/// Source files of one artifact whose head is read.
const MAX_SOURCES: usize = 5_000;
/// Bytes of a source file in which an identifier is looked for.
const HEAD: usize = 4 * 1024;
const TAG: &str = "SPDX-License-Identifier:";

/// Whose licence a file states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The release's own: a licence file at the top, or where the ecosystem puts it.
    Own,
    /// Of something that the release contains: a licence file deeper down, a NOTICE, REUSE's `LICENSES/`.
    Bundled,
    /// Of one source file, by its header.
    Source,
}

/// One licence found in one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detected {
    /// File name of the artifact.
    pub artifact: String,
    /// Path in the artifact.
    pub file: String,
    pub scope: Scope,
    #[serde(flatten)]
    pub found: Match,
    /// Files that say the same; more than one only for source headers, of which the first is named.
    pub files: u32,
}

/// A file that needs a reader's eye.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRef {
    pub artifact: String,
    pub file: String,
}

/// Everything that the files of a release say.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) detected: Vec<Detected>,
    /// Own licence files in which no licence's text is recognised.
    pub(super) unrecognized: Vec<FileRef>,
    /// Own licence files with words beside the licences recognised in them.
    pub(super) unexplained: Vec<FileRef>,
    /// Licence files that were read in part, or not at all.
    pub(super) unread: Vec<FileRef>,
    pub(super) notices: Vec<FileRef>,
}

/// Reads licence files; equal files, of the old and the new version above all, once.
#[derive(Default)]
pub(super) struct Surveyor<'a> {
    known: HashMap<&'a [u8], Detection>,
    /// Bytes compared so far.
    compared: usize,
}

impl<'a> Surveyor<'a> {
    /// `extra`: a file that the manifest names as the licence, wherever it is.
    pub(super) fn survey(&mut self, artifacts: &'a [FetchedArtifact], extra: Option<&str>) -> Survey {
        let mut survey = Survey::default();
        for artifact in artifacts {
            self.license_files(artifact, extra, &mut survey);
            source_headers(artifact, &mut survey);
        }
        if survey.detected.iter().all(|d| d.scope != Scope::Own) {
            artifacts.iter().for_each(|artifact| readme(artifact, &mut survey));
        }
        survey
    }

    fn license_files(&mut self, artifact: &'a FetchedArtifact, extra: Option<&str>, survey: &mut Survey) {
        let mut files: Vec<_> =
            artifact.contents.strip_root().filter_map(|(path, file)| Some((role(path, extra)?, path, file))).collect();
        files.sort_by_key(|(role, path, _)| (*role, path.matches('/').count(), *path));
        for (index, (role, _, file)) in files.into_iter().enumerate() {
            let reference = FileRef { artifact: artifact.file.file.clone(), file: file.path.clone() };
            if role == Role::Notice {
                survey.notices.push(reference.clone());
            }
            let is_kept = file.content.len() as u64 == file.size;
            let detection = if is_kept && index < MAX_FILES { self.read(&file.content) } else { None };
            let Some(detection) = detection else {
                survey.unread.push(reference);
                continue;
            };
            if detection.coverage == Coverage::Partial {
                survey.unread.push(reference.clone());
            }
            let is_own_text = role == Role::Own && !file.content.trim_ascii().is_empty();
            if is_own_text && detection.matches.iter().all(|m| matches!(m.means, Means::Mention | Means::Exception)) {
                survey.unrecognized.push(reference.clone());
            } else if is_own_text && detection.unexplained_words >= UNEXPLAINED {
                survey.unexplained.push(reference.clone());
            }
            let scope = if role == Role::Own { Scope::Own } else { Scope::Bundled };
            survey.detected.extend(detection.matches.iter().map(|found| Detected {
                artifact: reference.artifact.clone(),
                file: reference.file.clone(),
                scope,
                found: found.clone(),
                files: 1,
            }));
        }
    }
}

impl<'a> Surveyor<'a> {
    /// `None` when enough was compared already.
    fn read(&mut self, content: &'a [u8]) -> Option<&Detection> {
        if !self.known.contains_key(content) {
            self.compared += content.len();
            if self.compared > MAX_TEXTS {
                return None;
            }
            self.known.insert(content, read(content));
        }
        self.known.get(content)
    }
}

/// Where no licence file says anything, the README may.
fn readme(artifact: &FetchedArtifact, survey: &mut Survey) {
    let is_readme = |path: &str| !path.contains('/') && path.to_ascii_lowercase().starts_with("readme");
    for (_, file) in artifact.contents.strip_root().filter(|(path, _)| is_readme(path)) {
        let text = String::from_utf8_lossy(&file.content[..file.content.len().min(MAX_BYTES)]);
        survey.detected.extend(mentions::in_readme(&text).into_iter().map(|found| Detected {
            artifact: artifact.file.file.clone(),
            file: file.path.clone(),
            scope: Scope::Own,
            found,
            files: 1,
        }));
    }
}

/// A licence file: its text, and identifiers that it carries as a REUSE side file does, or else what it names.
pub(super) fn read(content: &[u8]) -> Detection {
    let text = String::from_utf8_lossy(content);
    let mut detection = detect(&text);
    if let Some(found) = identifier(&text) {
        detection.matches.push(found);
    }
    if detection.matches.is_empty() {
        detection.matches = mentions::find(&text);
    }
    detection
}

/// Identifiers in the heads of source files: each expression once, with the first file and their number.
fn source_headers(artifact: &FetchedArtifact, survey: &mut Survey) {
    let first = survey.detected.len();
    let sources = artifact.contents.strip_root().filter(|(path, _)| role(path, None).is_none());
    for (_, file) in sources.take(MAX_SOURCES) {
        let head = &file.content[..file.content.len().min(HEAD)];
        let Some(found) = identifier(&String::from_utf8_lossy(head)) else { continue };
        match survey.detected[first..].iter_mut().find(|d| d.scope == Scope::Source && d.found.id == found.id) {
            Some(same) => same.files += 1,
            None => survey.detected.push(Detected {
                artifact: artifact.file.file.clone(),
                file: file.path.clone(),
                scope: Scope::Source,
                found,
                files: 1,
            }),
        }
    }
}

/// The first `SPDX-License-Identifier:` line (SPDX 2.3, annex E): nothing but comment signs before the tag, a
/// valid expression behind it.
fn identifier(text: &str) -> Option<Match> {
    for (number, line) in (1u32..).zip(text.lines()) {
        let Some((before, after)) = line.split_once(TAG) else { continue };
        if before.len() > 12 || before.chars().any(char::is_alphanumeric) {
            continue;
        }
        let written = after.trim().trim_end_matches("*/").trim_end_matches("-->").trim_end_matches("#}").trim();
        if let Ok(strict) = parse::parse(written) {
            let id = strict.expression.to_string();
            return Some(Match { id, confidence: 1.0, lines: (number, number), means: Means::Identifier });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_stand_in_comments_only() {
        let id = |text: &str| identifier(text).map(|m| (m.id, m.lines.0));
        assert_eq!(
            id("#!/bin/sh\n# SPDX-License-Identifier: MIT OR Apache-2.0\n"),
            Some(("MIT OR Apache-2.0".into(), 2))
        );
        assert_eq!(
            id("/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */"),
            Some(("GPL-2.0-only WITH Linux-syscall-note".into(), 1))
        );
        assert_eq!(id("<!-- SPDX-License-Identifier: MIT -->"), Some(("MIT".into(), 1)));
        assert_eq!(id("const TAG = 'SPDX-License-Identifier: MIT';"), None);
        assert_eq!(id("// SPDX-License-Identifier: whatever you like"), None);
    }
}
