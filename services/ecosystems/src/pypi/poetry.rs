//! `poetry.lock`, lock versions 1.x and 2.x, and the older ones that keep bare hashes in `[metadata.hashes]`.

use super::entry::{Place, digest, entry, is_commit};
use super::specifier::Specifiers;
use super::{file_name, version};
use crate::address;
use crate::bounds::check_entries;
use crate::candidates::{Candidates, tidy};
use crate::position::{Lines, excerpt};
use crate::toml_lock;
use lockgate_model::{Ecosystem, LockedDigest, LockedRelease, Lockfile, LockfileError, LockfileFormat, Origin};
use serde::Deserialize;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use toml::{Spanned, Value};

/// Most files looked at for one lockfile. Versions of one name share their list of files, so a hostile lockfile
/// would cost the product of both.
const MAX_FILES: usize = 400_000;

#[derive(Debug, Deserialize)]
struct PoetryLock {
    #[serde(default)]
    package: Vec<Spanned<Package>>,
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    lock_version: Option<String>,
    /// Lock versions before 2.0: the files of all versions of a name together.
    #[serde(default)]
    files: HashMap<String, Vec<File>>,
    /// Before 1.0: SHA-256 in hexadecimal, without files.
    #[serde(default)]
    hashes: HashMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    optional: bool,
    /// Lock version 1.x, dropped in poetry 1.5.
    category: Option<String>,
    /// Since lock version 2.1.
    groups: Option<Vec<String>>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    source: Option<Source>,
}

#[derive(Debug, Deserialize)]
struct File {
    file: String,
    hash: String,
}

#[derive(Debug, Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: String,
    resolved_reference: Option<String>,
    reference: Option<String>,
}

/// # Errors
/// When the text is no lockfile of a known version.
pub(super) fn parse(path: &str, text: &str) -> Result<Lockfile, LockfileError> {
    let lines = Lines::new(text);
    let lock: PoetryLock = toml_lock::read(path, text, &lines)?;
    known_version(path, lock.metadata.lock_version.as_deref())?;
    check_entries(path, lock.package.len())?;
    let files = FilesByName::new(&lock);
    let mut releases: Vec<LockedRelease> = Vec::new();
    for package in &lock.package {
        let place = Place { path, lines: &lines, offset: package.span().start };
        releases.push(release(place, package.get_ref(), &files)?);
    }
    let edges = edges(path, &lock.package, &releases)?;
    for (release, depends_on) in releases.iter_mut().zip(edges) {
        release.depends_on = depends_on;
    }
    Ok(Lockfile { path: path.to_owned(), format: LockfileFormat::PoetryLock, root: None, releases })
}

fn known_version(path: &str, version: Option<&str>) -> Result<(), LockfileError> {
    match version.map(|v| v.split('.').next().unwrap_or_default()) {
        None | Some("1" | "2") => Ok(()),
        Some(_) => {
            let version = excerpt(version.unwrap_or_default());
            let message = format!("lock version {version} is not known here, only 1.x and 2.x; upgrade Lockgate");
            Err(LockfileError { path: path.to_owned(), line: None, column: None, message })
        }
    }
}

/// The files that stand in `[metadata]`, by normalised name, and how many versions share them.
struct FilesByName<'a> {
    files: HashMap<String, &'a [File]>,
    hashes: HashMap<String, &'a [String]>,
    versions: HashMap<String, usize>,
    looks_left: Cell<usize>,
}

impl<'a> FilesByName<'a> {
    fn new(lock: &'a PoetryLock) -> Self {
        let normal = |name: &str| Ecosystem::Pypi.normalize_name(name);
        let mut versions = HashMap::new();
        for package in &lock.package {
            *versions.entry(normal(&package.get_ref().name)).or_insert(0) += 1;
        }
        Self {
            files: lock.metadata.files.iter().map(|(name, files)| (normal(name), files.as_slice())).collect(),
            hashes: lock.metadata.hashes.iter().map(|(name, hashes)| (normal(name), hashes.as_slice())).collect(),
            versions,
            looks_left: Cell::new(MAX_FILES),
        }
    }

    /// The digests of one version. Where several versions share the list, the file's name decides; a name that
    /// tells no version may belong to any of them, and so may a bare hash.
    fn digests(&self, place: Place<'_>, package: &Package) -> Result<Vec<LockedDigest>, LockfileError> {
        let name = Ecosystem::Pypi.normalize_name(&package.name);
        let shared = self.versions.get(&name).is_some_and(|count| *count > 1);
        let own = version::normal(&package.version);
        let files = self.files.get(&name).copied().unwrap_or_default();
        let hashes = self.hashes.get(&name).copied().unwrap_or_default();
        let left = self.looks_left.get().checked_sub(files.len() + hashes.len());
        self.looks_left.set(left.ok_or_else(|| place.error("it lists too many files for versions of one name"))?);

        let mut digests = Vec::new();
        for file in files.iter().chain(&package.files) {
            let other = shared
                && file_name::read(&name, &file.file)
                    .is_some_and(|(_, found)| version::read(&own).is_ok_and(|own| own != found));
            if !other {
                let plain = address::file_name(&file.file);
                digests.extend(digest(place, &file.hash, plain.as_deref())?);
            }
        }
        for hash in hashes {
            digests.extend(digest(place, &format!("sha256:{hash}"), None)?);
        }
        Ok(digests)
    }
}

fn release(place: Place<'_>, package: &Package, files: &FilesByName<'_>) -> Result<LockedRelease, LockfileError> {
    let origin = match &package.source {
        Some(source) => origin(place, &package.name, source)?,
        None => Origin::Registry { url: None },
    };
    let dev = match (&package.groups, package.category.as_deref()) {
        (Some(groups), _) => Some(!groups.is_empty() && groups.iter().all(|g| g != "main")),
        (None, Some(category)) => Some(category == "dev"),
        (None, None) => None,
    };
    let mut release = entry(place, &package.name, &package.version, origin)?;
    release.digests = files.digests(place, package)?;
    release.dev = dev;
    release.optional = package.optional;
    Ok(release)
}

fn origin(place: Place<'_>, name: &str, source: &Source) -> Result<Origin, LockfileError> {
    let url = address::without_credentials(&source.url);
    match source.kind.as_deref() {
        None | Some("legacy" | "pypi") => Ok(Origin::Registry { url: Some(url) }),
        Some("git") => {
            let references = [&source.resolved_reference, &source.reference].into_iter().flatten();
            let commit = references.map(String::as_str).find(|r| is_commit(r)).map(str::to_owned);
            Ok(Origin::Git { url, commit })
        }
        Some("url") => Ok(Origin::Url { url }),
        Some("file" | "directory") => Ok(Origin::Path { path: source.url.clone() }),
        Some(kind) => {
            let (name, kind) = (excerpt(name), excerpt(kind));
            Err(place.error(format!("package {name} has the unknown source type {kind:?}; upgrade Lockgate")))
        }
    }
}

fn edges(
    path: &str,
    packages: &[Spanned<Package>],
    releases: &[LockedRelease],
) -> Result<Vec<Vec<u32>>, LockfileError> {
    let mut candidates = Candidates::new(path, releases.iter().map(|r| r.release.name.as_str()));
    packages
        .iter()
        .map(|package| {
            let mut found = Vec::new();
            for (name, constraint) in &package.get_ref().dependencies {
                let wanted = specifiers(constraint);
                let fits = |entry: usize| fits(&wanted, &releases[entry].release.version);
                found.extend(candidates.find(&Ecosystem::Pypi.normalize_name(name), fits)?);
            }
            Ok(tidy(found))
        })
        .collect()
}

/// Any of the alternatives; one that cannot be read (poetry's own `^1.0`) lets every version fit.
fn fits(wanted: &[Option<Specifiers>], version: &str) -> bool {
    wanted.iter().any(|w| w.as_ref().is_none_or(|w| w.contain(version).unwrap_or(true)))
}

/// Longest constraint, and most alternatives of one dependency, by which versions are told apart; beyond, every
/// version fits.
const MAX_CONSTRAINT: usize = 1000;
const MAX_ALTERNATIVES: usize = 64;

/// `"spec"`, `{ version = "spec", … }`, or an array of those, one for each marker.
fn specifiers(constraint: &Value) -> Vec<Option<Specifiers>> {
    let one = |value: &Value| {
        let text = value.as_str().or_else(|| value.get("version")?.as_str())?;
        if text == "*" || text.len() > MAX_CONSTRAINT { None } else { text.parse().ok() }
    };
    match constraint {
        Value::Array(alternatives) if alternatives.len() > MAX_ALTERNATIVES => vec![None],
        Value::Array(alternatives) => alternatives.iter().map(one).collect(),
        single => vec![one(single)],
    }
}
