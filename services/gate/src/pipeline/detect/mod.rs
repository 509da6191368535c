//! Source -> Change: which releases a range of commits moves, and what else it takes from elsewhere. Blocking; callers use
//! `spawn_blocking`.

mod unlocked;

use super::RegistryAliases;
use anyhow::{Context, Result};
use bytes::Bytes;
use lockgate_ecosystems::{
    self as ecosystems,
    manifest::{disagreements, manifest_beside},
};
use lockgate_model::{
    Change, CommitSha, Lockfile, LockfileChange, LockfileError, LockfileFinding, LockfileFormat, LockfileStatus,
    RepoId, redact::redacted,
};
use lockgate_source::{ChangedFile, Repository, Skipped, SkippedKind};
use std::collections::HashMap;
use unlocked::Unlocked;

/// Whether a path is that of a lockfile that we read.
pub fn is_lockfile(path: &str) -> bool {
    ecosystems::detect(path).is_some()
}

/// Whether a path is that of a file that is read where it differs: a lockfile, or one that names what is taken from
/// elsewhere without a lockfile.
pub fn is_read(path: &str) -> bool {
    is_lockfile(path) || unlocked::is_read(path)
}

/// The manifest beside a lockfile, which is read whether it differs or not.
pub fn beside(path: &str) -> Vec<String> {
    ecosystems::detect(path).and_then(|format| manifest_beside(path, format)).into_iter().collect()
}

/// Reads the lockfiles that differ between `base` (none: an empty tree) and `head`.
///
/// A lockfile that cannot be read at the head is part of the change, as malformed; one that could not
/// be read at the base counts as absent there, so that everything in the head's version is judged.
///
/// # Errors
/// When the commits or their trees cannot be read.
pub fn detect(
    repository: &Repository,
    id: &RepoId,
    base: Option<&CommitSha>,
    head: &CommitSha,
    aliases: &RegistryAliases,
) -> Result<Change> {
    let changed = repository
        .changed_files(base, head, &is_read)
        .with_context(|| format!("compare the lockfiles of {id} at {}", head.short()))?;
    let Unlocked { pins, unread } = unlocked::look(repository, base, head, &changed)
        .with_context(|| format!("read what {id} takes from elsewhere at {}", head.short()))?;
    let neighbours: Vec<String> =
        changed.files.iter().filter(|file| file.new.is_some()).flat_map(|file| beside(&file.path)).collect();
    let manifests: HashMap<String, Bytes> = repository
        .files_at(head, &neighbours)
        .with_context(|| format!("read the manifests of {id} at {}", head.short()))?
        .into_iter()
        .collect();
    let skipped = changed.skipped.iter().filter_map(not_a_file);
    let change = |file| lockfile_change(file, &manifests, aliases);
    let mut lockfiles: Vec<LockfileChange> = changed.files.iter().filter_map(change).chain(skipped).collect();
    lockfiles.sort_by(|a, b| a.path.cmp(&b.path));
    let zero = || "0".repeat(40).parse().expect("forty zeros are a commit id");
    Ok(Change {
        repository: id.clone(),
        base: base.cloned().unwrap_or_else(zero),
        head: head.clone(),
        lockfiles,
        pins,
        unread,
    })
}

fn lockfile_change(
    file: &ChangedFile,
    manifests: &HashMap<String, Bytes>,
    aliases: &RegistryAliases,
) -> Option<LockfileChange> {
    let parse = |text: &[u8]| ecosystems::parse(&file.path, text).map(|lockfile| aliases.resolve(lockfile));
    let format = ecosystems::detect(&file.path)?;
    let old = file.old.as_deref().and_then(|text| parse(text).ok());
    let new = match file.new.as_deref().map(parse).transpose() {
        Ok(new) => new,
        Err(error) => return Some(malformed(&file.path, format, error)),
    };
    let status = match (&file.old, &file.new) {
        (None, _) => LockfileStatus::Appeared,
        (_, None) => LockfileStatus::Disappeared,
        _ => LockfileStatus::Changed,
    };
    let releases = ecosystems::diff(old.as_ref(), new.as_ref());
    let findings = new.as_ref().map(|new| findings(old.as_ref(), new, manifests, aliases)).unwrap_or_default();
    Some(LockfileChange { path: file.path.clone(), format, status, releases, findings })
}

/// What the lockfile shows as a whole: registries that are news, and what its manifest asks for in vain.
fn findings(
    old: Option<&Lockfile>,
    new: &Lockfile,
    manifests: &HashMap<String, Bytes>,
    aliases: &RegistryAliases,
) -> Vec<LockfileFinding> {
    let mut findings = ecosystems::new_registries(old, new, &aliases.known(new.format.ecosystem()));
    if let Some(path) = manifest_beside(&new.path, new.format)
        && let Some(manifest) = manifests.get(&path)
    {
        findings.extend(disagreements(new, &path, manifest));
    }
    findings
}

/// What the error quotes of the file may hold a credential.
fn malformed(path: &str, format: LockfileFormat, error: LockfileError) -> LockfileChange {
    let error = LockfileError { message: redacted(error.message), ..error };
    LockfileChange {
        path: path.to_owned(),
        format,
        status: LockfileStatus::Malformed { error },
        releases: Vec::new(),
        findings: Vec::new(),
    }
}

/// A package manager may follow a link where we do not, so a lockfile that is one is not "no lockfile".
fn not_a_file(skipped: &Skipped) -> Option<LockfileChange> {
    let message = match skipped.kind {
        SkippedKind::Symlink => "it is a symbolic link, which is not followed; commit the file itself",
        SkippedKind::LfsPointer => {
            "it is a Git LFS pointer, whose content is not in the repository; take lockfiles out of LFS (git lfs untrack) and commit the file itself"
        }
        SkippedKind::Submodule => "it is a submodule, not a file; commit the file itself",
    };
    let error = LockfileError { path: skipped.path.clone(), line: None, column: None, message: message.to_owned() };
    Some(malformed(&skipped.path, ecosystems::detect(&skipped.path)?, error))
}

/// Every lockfile at one revision, parsed.
///
/// # Errors
/// When the commit cannot be read or a lockfile is malformed.
pub fn lockfiles_at(repository: &Repository, revision: &CommitSha) -> Result<Vec<Lockfile>> {
    let files = repository.files(revision, &is_lockfile)?;
    files.files.iter().map(|(path, text)| Ok(ecosystems::parse(path, text)?)).collect()
}
