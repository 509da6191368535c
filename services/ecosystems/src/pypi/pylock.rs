//! `pylock.toml` (PEP 751), lock version 1.x.

use super::entry::{Place, digest, entry, is_commit, stand_in};
use super::version;
use crate::address::{file_name, without_credentials};
use crate::bounds::check_entries;
use crate::candidates::{Candidates, tidy};
use crate::position::{Lines, excerpt};
use crate::toml_lock;
use lockgate_model::{Ecosystem, LockedDigest, LockedRelease, Lockfile, LockfileError, LockfileFormat, Origin};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Pylock {
    lock_version: String,
    packages: Vec<Spanned<Package>>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    index: Option<String>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    vcs: Option<Vcs>,
    directory: Option<Directory>,
    archive: Option<File>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Vcs {
    url: Option<String>,
    path: Option<String>,
    commit_id: String,
}

#[derive(Debug, Deserialize)]
struct Directory {
    path: String,
}

#[derive(Debug, Deserialize)]
struct File {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

/// # Errors
/// When the text is no lockfile of a known version.
pub(super) fn parse(path: &str, text: &str) -> Result<Lockfile, LockfileError> {
    let lines = Lines::new(text);
    let lock: Pylock = toml_lock::read(path, text, &lines)?;
    if lock.lock_version.split('.').next() != Some("1") {
        let found = excerpt(&lock.lock_version);
        let message = format!("lock version {found} is not known here, only 1.x; upgrade Lockgate");
        return Err(LockfileError { path: path.to_owned(), line: None, column: None, message });
    }
    check_entries(path, lock.packages.len())?;
    let mut releases: Vec<LockedRelease> = Vec::new();
    let mut packages = Vec::new();
    for package in &lock.packages {
        let place = Place { path, lines: &lines, offset: package.span().start };
        if let Some(release) = release(place, package.get_ref())? {
            releases.push(release);
            packages.push(package.get_ref());
        }
    }
    let edges = edges(path, &packages, &releases)?;
    for (release, depends_on) in releases.iter_mut().zip(edges) {
        release.depends_on = depends_on;
    }
    Ok(Lockfile { path: path.to_owned(), format: LockfileFormat::Pylock, root: None, releases })
}

/// The entry of a package; `None` for a folder of the repository without a version.
fn release(place: Place<'_>, package: &Package) -> Result<Option<LockedRelease>, LockfileError> {
    let name = excerpt(&package.name);
    let origin = origin(package)
        .ok_or_else(|| place.error(format!("package {name} has none of the sources of PEP 751, or several")))?;
    if matches!(&origin, Origin::Git { commit: None, .. }) {
        return Err(place.error(format!("package {name} pins no whole commit in vcs.commit-id")));
    }
    let mut digests = Vec::new();
    for file in package.archive.iter().chain(&package.sdist).chain(&package.wheels) {
        digests.extend(locked_digests(place, file)?);
    }
    match (package.version.clone().or_else(|| stand_in(&package.name, &origin, &digests)), &origin) {
        (Some(version), _) => Ok(Some(LockedRelease { digests, ..entry(place, &package.name, &version, origin)? })),
        (None, Origin::Path { .. }) => Ok(None),
        (None, _) => Err(place.error(format!("package {name} has no version and no hash"))),
    }
}

fn locked_digests(place: Place<'_>, file: &File) -> Result<Vec<LockedDigest>, LockfileError> {
    let name = [&file.name, &file.url, &file.path].into_iter().flatten().next().and_then(|n| file_name(n));
    let mut digests = Vec::new();
    for (algorithm, hash) in &file.hashes {
        digests.extend(digest(place, &format!("{algorithm}:{hash}"), name.as_deref())?);
    }
    Ok(digests)
}

/// PEP 751: `vcs`, `directory`, `archive` and the pair of `sdist` and `wheels` exclude each other.
fn origin(package: &Package) -> Option<Origin> {
    let published = package.sdist.is_some() || !package.wheels.is_empty();
    let address = |url: &Option<String>, path: &Option<String>| match (url, path) {
        (Some(url), _) => Some(Origin::Url { url: without_credentials(url) }),
        (None, path) => path.clone().map(|path| Origin::Path { path }),
    };
    match (&package.vcs, &package.directory, &package.archive, published) {
        (Some(vcs), None, None, false) => {
            let url = without_credentials(vcs.url.as_ref().or(vcs.path.as_ref())?);
            let commit = is_commit(&vcs.commit_id).then(|| vcs.commit_id.clone());
            Some(Origin::Git { url, commit })
        }
        (None, Some(directory), None, false) => Some(Origin::Path { path: directory.path.clone() }),
        (None, None, Some(archive), false) => address(&archive.url, &archive.path),
        (None, None, None, true) => Some(Origin::Registry { url: package.index.as_deref().map(without_credentials) }),
        _ => None,
    }
}

fn edges(path: &str, packages: &[&Package], releases: &[LockedRelease]) -> Result<Vec<Vec<u32>>, LockfileError> {
    let mut candidates = Candidates::new(path, releases.iter().map(|r| r.release.name.as_str()));
    packages
        .iter()
        .map(|package| {
            let mut found = Vec::new();
            for dependency in &package.dependencies {
                let Some(name) = &dependency.name else { continue };
                let wanted = dependency.version.as_deref().map(version::normal);
                let fits = |entry: usize| wanted.as_ref().is_none_or(|w| *w == releases[entry].release.version);
                found.extend(candidates.find(&Ecosystem::Pypi.normalize_name(name), fits)?);
            }
            Ok(tidy(found))
        })
        .collect()
}
