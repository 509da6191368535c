//! Releases that nobody has complained of: consecutive versions of packages, found by following dependencies.

use crate::{
    row::{Label, Mode, Origin},
    set::{LARGEST, Writer},
};
use anyhow::{Context, Result};
use lockgate_archive::{Contents, Format, Limits};
use lockgate_ecosystems::{Client, adapter};
use lockgate_model::{Digest, Ecosystem, PublishedFile, PublishedPackage, PublishedRelease};
use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

/// Updates taken of one package, and how far they lie apart among its versions.
const UPDATES: usize = 3;
/// Between two requests: a registry is a guest room.
const PAUSE: Duration = Duration::from_millis(50);
/// Names that wait, at most.
const WAITING: usize = 50_000;

/// Adds rows to `set` until it has `target` of them or nothing is left to follow. Packages that are in it already are
/// passed over, so an interrupted run goes on where it was.
pub(crate) async fn collect(
    client: &Client,
    ecosystem: Ecosystem,
    seeds: &[String],
    target: usize,
    set: &mut Writer,
) -> Result<()> {
    let mut waiting: VecDeque<String> = set.waiting()?.into_iter().chain(seeds.iter().cloned()).collect();
    let mut known: BTreeSet<String> = set.visited()?;
    while let Some(name) = waiting.pop_front() {
        if set.len() >= target {
            break;
        }
        let name = ecosystem.normalize_name(&name);
        if !known.insert(name.clone()) {
            continue;
        }
        match package(client, ecosystem, &name, set).await {
            Ok(dependencies) => {
                let new = dependencies.into_iter().filter(|dependency| !known.contains(dependency));
                waiting.extend(new.take(WAITING.saturating_sub(waiting.len())));
            }
            Err(error) => eprintln!("  {name}: {error:#}"),
        }
        set.note(&name, &waiting)?;
        if known.len().is_multiple_of(25) {
            eprintln!("  {} of {target} rows from {} packages, {} waiting", set.len(), known.len(), waiting.len());
        }
    }
    Ok(())
}

/// Adds a package's rows; answers what its newest version depends on.
async fn package(client: &Client, ecosystem: Ecosystem, name: &str, set: &mut Writer) -> Result<BTreeSet<String>> {
    let published = client.package(ecosystem, name).await?;
    let mut dependencies = None;
    for (previous, next) in pairs(&published, ecosystem) {
        let Some(new) = fetch(client, ecosystem, next, None).await? else { continue };
        let newest = previous.is_some() && dependencies.is_none();
        if dependencies.is_none() {
            dependencies = Some(named(ecosystem, &new.contents));
        }
        let old = match previous {
            Some(previous) => match fetch(client, ecosystem, previous, Some(&new.file)).await? {
                Some(old) => Some(old),
                None => continue,
            },
            None => None,
        };
        let month = next.published_at.map_or_else(String::new, |at| at.format("%Y-%m").to_string());
        let origin = Origin {
            ecosystem,
            name: name.to_owned(),
            previous_version: previous.map(|release| release.release.version.clone()),
            version: next.release.version.clone(),
            previous_sha256: old.as_ref().map(|old| old.sha256.clone()),
            artifact_sha256: new.sha256,
            month,
            label: Label::Benign,
            label_source: "registry, no advisory known".to_owned(),
            family: name.to_owned(),
            skeleton: String::new(),
            mode: if old.is_some() { Mode::Update } else { Mode::New },
            split: split(ecosystem, name).to_owned(),
        };
        if newest && wants_whole(ecosystem, name) {
            // What is new to a repository seldom is so to the world.
            let whole = Origin { previous_version: None, previous_sha256: None, mode: Mode::New, ..origin.clone() };
            set.add(whole, None, &new.contents)?;
        }
        set.add(origin, old.as_ref().map(|old| &old.contents), &new.contents)?;
    }
    Ok(dependencies.unwrap_or_default())
}

/// Whether a package is read as a whole too, its first version and its newest: every one of PyPI, where new malicious
/// packages are known and must be told from many; elsewhere every fourth.
fn wants_whole(ecosystem: Ecosystem, name: &str) -> bool {
    ecosystem == Ecosystem::Pypi || share(name) < 64
}

/// Up to three updates spread over the versions that were not withdrawn, the newest first, and the first version of some
/// packages.
fn pairs(package: &PublishedPackage, ecosystem: Ecosystem) -> Vec<(Option<&PublishedRelease>, &PublishedRelease)> {
    let versions = adapter(ecosystem).versions();
    let mut releases: Vec<(_, &PublishedRelease)> = package
        .releases
        .iter()
        .filter(|release| release.yanked.is_none() && !versions.is_prerelease(&release.release.version).unwrap_or(true))
        .filter_map(|release| Some((versions.key(&release.release.version).ok()?, release)))
        .collect();
    releases.sort_by(|a, b| a.0.cmp(&b.0));
    let releases: Vec<&PublishedRelease> = releases.into_iter().map(|(_, release)| release).collect();
    let mut pairs = Vec::new();
    let updates = releases.len().saturating_sub(1);
    let mut taken = BTreeSet::new();
    for step in 0..UPDATES.min(updates) {
        let at = updates - step * updates / UPDATES;
        if taken.insert(at) {
            pairs.push((Some(releases[at - 1]), releases[at]));
        }
    }
    if wants_whole(ecosystem, &package.name) {
        pairs.extend(releases.first().map(|first| (None, *first)));
    }
    pairs
}

struct Fetched {
    file: PublishedFile,
    sha256: String,
    contents: Contents,
}

/// The first file that a reader would take; beside another one, the first of the same kind.
async fn fetch(
    client: &Client,
    ecosystem: Ecosystem,
    release: &PublishedRelease,
    like: Option<&PublishedFile>,
) -> Result<Option<Fetched>> {
    let kind = |file: &PublishedFile| file.file.rsplit('.').next().map(str::to_owned);
    let files = adapter(ecosystem).protocol().files_to_read(release);
    let file = files.into_iter().find(|file| like.is_none_or(|like| kind(like) == kind(file)));
    let Some(file) = file.filter(|file| file.size.is_none_or(|size| size <= LARGEST)) else { return Ok(None) };
    tokio::time::sleep(PAUSE).await;
    let bytes = client.artifact(&release.release, file).await?;
    let Some(format) = Format::sniff(&bytes) else { return Ok(None) };
    if bytes.len() as u64 > LARGEST {
        return Ok(None);
    }
    Ok(Some(Fetched {
        file: file.clone(),
        sha256: Digest::sha256(&bytes).hex(),
        contents: lockgate_archive::read(&bytes, format, &Limits::default()),
    }))
}

/// Packages that a manifest names. Only a way to find more: what is missed is found elsewhere, or not at all.
fn named(ecosystem: Ecosystem, contents: &Contents) -> BTreeSet<String> {
    let manifest = |name: &str| {
        let ends = |path: &str| path.rsplit('/').next() == Some(name);
        let file = contents.files.iter().filter(|file| ends(&file.path)).min_by_key(|file| file.path.len());
        file.map(|file| String::from_utf8_lossy(&file.content).into_owned()).unwrap_or_default()
    };
    let names: Vec<String> = match ecosystem {
        Ecosystem::Npm => {
            let json: serde_json::Value = serde_json::from_str(&manifest("package.json")).unwrap_or_default();
            let tables = ["dependencies", "devDependencies", "peerDependencies"].map(|table| json[table].as_object());
            tables.into_iter().flatten().flat_map(|table| table.keys().cloned()).collect()
        }
        Ecosystem::Pypi => {
            let metadata = [manifest("METADATA"), manifest("PKG-INFO")].concat();
            let lines = metadata.lines().filter_map(|line| line.strip_prefix("Requires-Dist: "));
            lines
                .map(|line| line.split([' ', ';', '[', '(', '<', '>', '=', '!', '~']).next().unwrap_or("").to_owned())
                .collect()
        }
        Ecosystem::Cargo => {
            let manifest: toml::Table = manifest("Cargo.toml").parse().unwrap_or_default();
            let tables = ["dependencies", "dev-dependencies", "build-dependencies"].map(|table| manifest.get(table));
            let tables = tables.into_iter().flatten().filter_map(toml::Value::as_table);
            let named = |(key, value): (&String, &toml::Value)| {
                value.get("package").and_then(toml::Value::as_str).unwrap_or(key).to_owned()
            };
            tables.flat_map(|table| table.iter().map(named).collect::<Vec<_>>()).collect()
        }
    };
    names.into_iter().filter(|name| !name.is_empty()).map(|name| ecosystem.normalize_name(&name)).collect()
}

/// A package is trained on or measured with, whole: half and half, for a false alarm in a thousand takes many rows to see.
fn split(ecosystem: Ecosystem, name: &str) -> &'static str {
    if share(&format!("{ecosystem} {name}")) < 128 { "dev" } else { "train" }
}

/// 0 to 255, by the name alone.
fn share(name: &str) -> u8 {
    u8::from_str_radix(&Digest::sha256(name.as_bytes()).hex()[..2], 16).expect("a digest is in hexadecimal")
}

/// The client of one registry.
pub(crate) fn client(ecosystem: Ecosystem, registry: &str, artifact_hosts: Vec<String>) -> Result<Client> {
    let url = registry.parse().with_context(|| format!("read the address {registry}"))?;
    let limits = lockgate_ecosystems::Limits { artifact_bytes: LARGEST, ..lockgate_ecosystems::Limits::default() };
    let config = lockgate_ecosystems::RegistryConfig { ecosystem, url, artifact_hosts, token: None, limits };
    Ok(Client::new(vec![config], "lockgate-dataset")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::{Claims, Release};

    fn package(name: &str, versions: &[&str]) -> PublishedPackage {
        let release = |version: &&str| PublishedRelease {
            release: Release::new(Ecosystem::Npm, name, version),
            files: vec![],
            claims: Claims::default(),
            published_at: None,
            yanked: version.starts_with('9').then(String::new),
        };
        PublishedPackage { name: name.into(), releases: versions.iter().map(release).collect() }
    }

    #[test]
    fn updates_are_consecutive_and_spread() {
        let package = package("left-pad", &["1.10.0", "1.0.0", "9.0.0", "1.2.0", "2.0.0-rc.1", "1.3.0", "1.4.0"]);
        let versions = |(old, new): &(Option<&PublishedRelease>, &PublishedRelease)| {
            (old.map(|r| r.release.version.clone()), new.release.version.clone())
        };
        let found: Vec<_> =
            pairs(&package, Ecosystem::Npm).iter().filter(|pair| pair.0.is_some()).map(versions).collect();
        let pair = |old: &str, new: &str| (Some(old.to_owned()), new.to_owned());
        assert_eq!(found, [pair("1.4.0", "1.10.0"), pair("1.3.0", "1.4.0"), pair("1.2.0", "1.3.0")]);
        assert!(pairs(&super::tests::package("a", &[]), Ecosystem::Npm).is_empty());
    }
}
