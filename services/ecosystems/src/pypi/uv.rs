//! `uv.lock`, version 1 with any revision.

use super::entry::{Place, digest, entry, is_commit, stand_in};
use super::reach::{Edges, Reached, Roots, reach};
use super::version;
use crate::address::{file_name, without_credentials};
use crate::bounds::check_entries;
use crate::candidates::{Candidates, tidy};
use crate::position::Lines;
use crate::toml_lock;
use lockgate_model::{Ecosystem, LockedDigest, LockedRelease, Lockfile, LockfileError, LockfileFormat, Origin};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use toml::Spanned;

#[derive(Debug, Deserialize)]
struct UvLock {
    version: u32,
    #[serde(default)]
    manifest: Manifest,
    /// Called `distribution` by the first releases of uv, which still reads that name.
    #[serde(default, alias = "distribution")]
    package: Vec<Spanned<Package>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest {
    #[serde(default)]
    members: Vec<String>,
    /// Of a script or a project without a package of its own.
    #[serde(default)]
    requirements: Vec<Requirement>,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<Requirement>>,
}

#[derive(Debug, Deserialize)]
struct Requirement {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    name: String,
    version: Option<String>,
    source: Source,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Dependency>>,
    #[serde(default, alias = "dependency-groups")]
    dev_dependencies: BTreeMap<String, Vec<Dependency>>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Source {
    registry: Option<String>,
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    #[serde(rename = "virtual")]
    unbuilt: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    version: Option<String>,
    source: Option<Source>,
}

#[derive(Debug, Deserialize)]
struct File {
    url: Option<String>,
    path: Option<String>,
    filename: Option<String>,
    hash: Option<String>,
}

/// # Errors
/// When the text is no lockfile of version 1.
pub(super) fn parse(path: &str, text: &str) -> Result<Lockfile, LockfileError> {
    let lines = Lines::new(text);
    let lock: UvLock = toml_lock::read(path, text, &lines)?;
    if lock.version != 1 {
        let message = format!("lockfile version {} is not known here, only 1; upgrade Lockgate", lock.version);
        return Err(LockfileError { path: path.to_owned(), line: None, column: None, message });
    }
    check_entries(path, lock.package.len())?;
    // 1. Every package is a node; those with a version are entries too.
    let names: Vec<String> = lock.package.iter().map(|p| Ecosystem::Pypi.normalize_name(&p.get_ref().name)).collect();
    let edges = edges(path, &lock.package, &names)?;
    let roots = roots(path, &lock, &names)?;
    let reached = reach(&edges, &roots);
    let rooted = !(roots.members.is_empty() && roots.needed.is_empty() && roots.dev.is_empty());

    // 2. Nodes become entries, in file order.
    let mut entry_of_node = vec![None; names.len()];
    let mut releases: Vec<LockedRelease> = Vec::new();
    for (node, package) in lock.package.iter().enumerate() {
        let place = Place { path, lines: &lines, offset: package.span().start };
        let Some(mut release) = release(place, package.get_ref())? else { continue };
        if rooted {
            mark(&mut release, reached[node]);
        }
        entry_of_node[node] = u32::try_from(releases.len()).ok();
        releases.push(release);
    }

    // 3. Edges between nodes become edges between entries.
    for (node, edges) in edges.iter().enumerate() {
        let Some(entry) = entry_of_node[node] else { continue };
        let all = edges.needed.iter().chain(&edges.extra).chain(&edges.dev);
        releases[entry as usize].depends_on = tidy(all.filter_map(|n| entry_of_node[*n as usize]).collect());
    }
    Ok(Lockfile { path: path.to_owned(), format: LockfileFormat::UvLock, root: root(&lock, &roots), releases })
}

fn mark(release: &mut LockedRelease, reached: Reached) {
    release.direct = Some(reached.direct);
    // What nothing reaches (left over, or built for a fork of the resolution) is not called development-only.
    release.dev = Some(reached.dev && !reached.needed && !reached.extra);
    release.optional = reached.extra && !reached.needed;
}

fn edges(path: &str, packages: &[Spanned<Package>], names: &[String]) -> Result<Vec<Edges>, LockfileError> {
    let mut candidates = Candidates::new(path, names.iter().map(String::as_str));
    let versions: Vec<Option<String>> =
        packages.iter().map(|p| p.get_ref().version.as_deref().map(version::normal)).collect();
    let mut resolve = |dependencies: &mut dyn Iterator<Item = &Dependency>| {
        let mut found = Vec::new();
        for dependency in dependencies {
            let wanted = dependency.version.as_deref().map(version::normal);
            let fits = |node: usize| {
                (wanted.is_none() || wanted == versions[node])
                    && dependency.source.as_ref().is_none_or(|s| *s == packages[node].get_ref().source)
            };
            found.extend(candidates.find(&Ecosystem::Pypi.normalize_name(&dependency.name), fits)?);
        }
        Ok(found)
    };
    packages
        .iter()
        .map(|package| {
            let package = package.get_ref();
            Ok(Edges {
                needed: resolve(&mut package.dependencies.iter())?,
                extra: resolve(&mut package.optional_dependencies.values().flatten())?,
                dev: resolve(&mut package.dev_dependencies.values().flatten())?,
            })
        })
        .collect()
}

/// The members that the manifest names; without a manifest, the package of the lockfile's own folder.
fn roots(path: &str, lock: &UvLock, names: &[String]) -> Result<Roots, LockfileError> {
    let members: HashSet<String> = lock.manifest.members.iter().map(|m| Ecosystem::Pypi.normalize_name(m)).collect();
    let is_member = |node: usize| {
        let source = &lock.package[node].get_ref().source;
        let local = source.editable.as_deref().or(source.unbuilt.as_deref()).or(source.directory.as_deref());
        local.is_some_and(|folder| if members.is_empty() { folder == "." } else { members.contains(&names[node]) })
    };
    let mut candidates = Candidates::new(path, names.iter().map(String::as_str));
    let mut named = |requirements: &mut dyn Iterator<Item = &Requirement>| {
        let mut found = Vec::new();
        for requirement in requirements {
            found.extend(candidates.find(&Ecosystem::Pypi.normalize_name(&requirement.name), |_| true)?);
        }
        Ok(found)
    };
    Ok(Roots {
        members: (0u32..).take(names.len()).filter(|node| is_member(*node as usize)).collect(),
        needed: named(&mut lock.manifest.requirements.iter())?,
        dev: named(&mut lock.manifest.dependency_groups.values().flatten())?,
    })
}

/// Name and version of the project, where there is one and not a workspace of several.
fn root(lock: &UvLock, roots: &Roots) -> Option<(String, Option<String>)> {
    let [member] = roots.members.as_slice() else { return None };
    let package = lock.package[*member as usize].get_ref();
    Some((package.name.clone(), package.version.clone()))
}

/// The entry of a package; `None` for the project's own packages whose version is computed when they are built.
fn release(place: Place<'_>, package: &Package) -> Result<Option<LockedRelease>, LockfileError> {
    let origin = origin(place, package)?;
    let mut digests = Vec::new();
    for file in package.sdist.iter().chain(&package.wheels) {
        digests.extend(locked_digest(place, package, file)?);
    }
    let version = package.version.clone().or_else(|| stand_in(&package.name, &origin, &digests));
    let Some(version) = version else {
        return match origin {
            Origin::Path { .. } => Ok(None),
            _ => Err(place.error(format!("package {} has no version", crate::position::excerpt(&package.name)))),
        };
    };
    Ok(Some(LockedRelease { digests, ..entry(place, &package.name, &version, origin)? }))
}

fn locked_digest(place: Place<'_>, package: &Package, file: &File) -> Result<Option<LockedDigest>, LockfileError> {
    let source = &package.source;
    let addresses = [&file.filename, &file.url, &file.path, &source.url, &source.path];
    let name = addresses.into_iter().flatten().next().and_then(|address| file_name(address));
    file.hash.as_deref().map_or(Ok(None), |hash| digest(place, hash, name.as_deref()))
}

fn origin(place: Place<'_>, package: &Package) -> Result<Origin, LockfileError> {
    let Source { registry, git, url, path, directory, editable, unbuilt } = &package.source;
    let local = [path, directory, editable, unbuilt].into_iter().flatten().next();
    match (registry, git, url, local) {
        (Some(url), None, None, None) => Ok(Origin::Registry { url: Some(without_credentials(url)) }),
        (None, Some(git), None, None) => {
            let commit = git.rsplit_once('#').map(|(_, commit)| commit).filter(|c| is_commit(c));
            Ok(Origin::Git { url: without_credentials(git), commit: commit.map(str::to_owned) })
        }
        (None, None, Some(url), None) => Ok(Origin::Url { url: without_credentials(url) }),
        (None, None, None, Some(path)) => Ok(Origin::Path { path: path.clone() }),
        _ => {
            let name = crate::position::excerpt(&package.name);
            Err(place.error(format!("package {name} has none of the known sources, or several; upgrade Lockgate")))
        }
    }
}
