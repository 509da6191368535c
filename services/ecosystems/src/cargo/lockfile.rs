//! `Cargo.lock`, versions 1 to 4 (The Cargo Book, "Cargo.toml vs Cargo.lock"; cargo's `resolver::encode`).

use super::package_id::{PackageId, origin, unpinned};
use crate::bounds::check_entries;
use crate::candidates::{Candidates, tidy};
use crate::position::{Lines, excerpt};
use crate::toml_lock;
use lockgate_model::{
    Digest, DigestAlgorithm, Ecosystem, LockedDigest, LockedRelease, Lockfile, LockfileError, LockfileFormat, Origin,
    Release,
};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use toml::{Spanned, Value};

#[derive(Debug, Deserialize)]
struct CargoLock {
    /// Absent in versions 1 and 2.
    version: Option<u32>,
    /// Version 1: the package of the lockfile's own folder.
    root: Option<Spanned<Package>>,
    #[serde(default)]
    package: Vec<Spanned<Package>>,
    /// Version 1: `checksum name version (source)` to SHA-256 in hexadecimal or `<none>`.
    #[serde(default)]
    metadata: HashMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// # Errors
/// When the text is no lockfile of a known version, or an entry of it makes no sense.
pub(super) fn parse(path: &str, text: &str) -> Result<Lockfile, LockfileError> {
    let lines = Lines::new(text);
    let lock: CargoLock = toml_lock::read(path, text, &lines)?;
    if let Some(version @ 5..) = lock.version {
        let message = format!("lockfile version {version} is not known here, only 1 to 4; upgrade Lockgate");
        return Err(LockfileError { path: path.to_owned(), line: None, column: None, message });
    }
    check_entries(path, lock.package.len())?;
    let mut packages: Vec<&Spanned<Package>> = lock.root.iter().chain(&lock.package).collect();
    packages.sort_by_key(|p| p.span().start);
    let checksums = checksums(&lock);

    // 1. Packages become entries, in file order.
    let mut releases: Vec<LockedRelease> = Vec::new();
    for package in &packages {
        let fail = |message| lines.error(path, package.span().start, message);
        let line = lines.line(package.span().start);
        releases.push(release(package.get_ref(), line, &checksums).map_err(fail)?);
    }

    // 2. Dependencies become edges; what a path package depends on is direct.
    let edges = edges(path, &packages, &releases)?;
    let own: BTreeSet<usize> =
        (0..releases.len()).filter(|i| matches!(releases[*i].origin, Origin::Path { .. })).collect();
    if !own.is_empty() {
        let direct: BTreeSet<u32> = own.iter().flat_map(|i| edges[*i].iter().copied()).collect();
        for (index, release) in (0u32..).zip(&mut releases) {
            release.direct = Some(direct.contains(&index));
        }
    }
    for (release, depends_on) in releases.iter_mut().zip(edges) {
        release.depends_on = depends_on;
    }
    let root = match own.iter().collect::<Vec<_>>().as_slice() {
        [one] => Some((releases[**one].release.name.clone(), Some(releases[**one].release.version.clone()))),
        _ => None,
    };
    Ok(Lockfile { path: path.to_owned(), format: LockfileFormat::CargoLock, root, releases })
}

/// Version 1's checksums by name, version and source.
fn checksums(lock: &CargoLock) -> HashMap<(&str, Option<&str>, Option<&str>), &str> {
    lock.metadata
        .iter()
        .filter_map(|(key, value)| {
            let id = PackageId::parse(key.strip_prefix("checksum ")?);
            Some(((id.name, id.version, id.source), value.as_str().filter(|hash| *hash != "<none>")?))
        })
        .collect()
}

fn release(
    package: &Package,
    line: u32,
    checksums: &HashMap<(&str, Option<&str>, Option<&str>), &str>,
) -> Result<LockedRelease, String> {
    let Package { name, version, source, checksum, .. } = package;
    if !is_name(name) {
        return Err(format!("{:?} is not a package name", excerpt(name)));
    }
    if let Err(e) = semver::Version::parse(version) {
        return Err(format!("{:?} is not a version of {}: {e}", excerpt(version), excerpt(name)));
    }
    let key = (name.as_str(), Some(version.as_str()), source.as_deref().map(unpinned));
    let digest = match checksum.as_deref().or_else(|| checksums.get(&key).copied()) {
        Some(hex) => {
            let digest = Digest::from_hex(DigestAlgorithm::Sha256, hex);
            Some(digest.map_err(|e| format!("the checksum of {} cannot be read: {e}", excerpt(name)))?)
        }
        None => None,
    };
    let origin = match source {
        Some(source) => {
            let kind = || format!("package {} has an unknown kind of source; upgrade Lockgate", excerpt(name));
            origin(source).ok_or_else(kind)?
        }
        // A package of this workspace or a path dependency; the lockfile does not say where.
        None => Origin::Path { path: ".".into() },
    };
    Ok(LockedRelease {
        release: Release::new(Ecosystem::Cargo, name, version),
        origin,
        digests: digest.map(|digest| LockedDigest { digest, file: None }).into_iter().collect(),
        direct: None,
        dev: None,
        optional: false,
        alias: None,
        install_script: None,
        line,
        depends_on: Vec::new(),
    })
}

/// Letters, digits, `-` and `_`, as Cargo itself demands; names become parts of addresses.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 200 && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

fn edges(
    path: &str,
    packages: &[&Spanned<Package>],
    releases: &[LockedRelease],
) -> Result<Vec<Vec<u32>>, LockfileError> {
    let mut candidates = Candidates::new(path, releases.iter().map(|r| r.release.name.as_str()));
    packages
        .iter()
        .map(|package| {
            let mut found = Vec::new();
            for dependency in &package.get_ref().dependencies {
                let id = PackageId::parse(dependency);
                let fits = |entry: usize| {
                    let package = packages[entry].get_ref();
                    id.version.is_none_or(|v| v == package.version)
                        && id.source.is_none_or(|s| package.source.as_deref().map(unpinned) == Some(s))
                };
                found.extend(candidates.find(id.name, fits)?);
            }
            Ok(tidy(found))
        })
        .collect()
}
