//! What comes in without a lockfile: by workflows, build files, hooks and submodules.

use lockgate_model::{CommitSha, LockfileError, PinChange};
use lockgate_pins::{self as pins, Submodule};
use lockgate_source::{ChangedFile, Changes, Repository, Skipped, SkippedKind, SourceError};
use std::collections::BTreeMap;

/// Where git keeps the addresses of submodules.
const MODULES: &str = ".gitmodules";

/// What comes in, and the files of which that cannot be said.
pub(super) struct Unlocked {
    pub(super) pins: Vec<PinChange>,
    pub(super) unread: Vec<LockfileError>,
}

pub(super) fn is_read(path: &str) -> bool {
    path == MODULES || pins::kind(path).is_some()
}

/// By path and line. A file that could not be read at the base counts as empty there, so that all that it names comes in.
pub(super) fn look(
    repository: &Repository,
    base: Option<&CommitSha>,
    head: &CommitSha,
    changed: &Changes,
) -> Result<Unlocked, SourceError> {
    let mut found = Unlocked { pins: Vec::new(), unread: changed.skipped.iter().filter_map(not_a_file).collect() };
    for file in &changed.files {
        match in_file(file) {
            Ok(changes) => found.pins.extend(changes),
            Err(error) => found.unread.push(error),
        }
    }
    found.pins.extend(in_submodules(repository, base, head, changed)?);
    found.pins.sort_by(|a, b| (&a.path, a.new.line).cmp(&(&b.path, b.new.line)));
    found.unread.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn in_file(file: &ChangedFile) -> Result<Vec<PinChange>, LockfileError> {
    let (Some(kind), Some(new)) = (pins::kind(&file.path), &file.new) else { return Ok(Vec::new()) };
    let old = file.old.as_deref().and_then(|old| pins::read(kind, old).ok()).unwrap_or_default();
    let new = pins::read(kind, new).map_err(|error| LockfileError {
        path: file.path.clone(),
        line: error.line,
        column: None,
        message: error.message,
    })?;
    Ok(pins::changes(&file.path, &old, &new))
}

/// A builder may follow a link where we do not.
fn not_a_file(skipped: &Skipped) -> Option<LockfileError> {
    pins::kind(&skipped.path)?;
    let message = match skipped.kind {
        SkippedKind::Symlink => "it is a symbolic link, which is not followed; commit the file itself",
        SkippedKind::LfsPointer => "it is a Git LFS pointer, whose content is not in the repository",
        SkippedKind::Submodule => "it is a submodule, not a file; commit the file itself",
    };
    Some(LockfileError { path: skipped.path.clone(), line: None, column: None, message: message.to_owned() })
}

/// Submodules whose commit differs, and those whose address may.
fn in_submodules(
    repository: &Repository,
    base: Option<&CommitSha>,
    head: &CommitSha,
    changed: &Changes,
) -> Result<Vec<PinChange>, SourceError> {
    let is_modules = |file: &ChangedFile| file.path == MODULES;
    let mut moved: Vec<(String, Option<CommitSha>, CommitSha)> = Vec::new();
    for submodule in &changed.submodules {
        moved.extend(submodule.new.clone().map(|new| (submodule.path.clone(), submodule.old.clone(), new)));
    }
    let differing = changed.files.iter().find(|file| is_modules(file));
    if moved.is_empty() && differing.is_none() {
        return Ok(Vec::new());
    }
    let (old, new) = match differing {
        Some(file) => (named(file.old.as_deref()), named(file.new.as_deref())),
        None => {
            let files = repository.files_at(head, &[MODULES.to_owned()])?;
            let same = named(files.first().map(|(_, content)| content.as_ref()));
            (same.clone(), same)
        }
    };
    let readdressed = |(path, submodule): &(&String, &Submodule)| {
        old.get(*path).is_some_and(|before| before.address != submodule.address)
            && !moved.iter().any(|(known, ..)| known == *path)
    };
    let paths: Vec<String> = new.iter().filter(readdressed).map(|(path, _)| path.clone()).collect();
    if base.is_some() {
        let stayed = repository.submodules_at(head, &paths)?;
        moved.extend(stayed.into_iter().map(|(path, commit)| (path, Some(commit.clone()), commit)));
    }
    Ok(pins::submodule_changes(&old, &new, &moved))
}

fn named(content: Option<&[u8]>) -> BTreeMap<String, Submodule> {
    content.map(pins::submodules).unwrap_or_default()
}
