//! Whether the address of an entry, and the files that it pins, are those of its name and version.

use super::facts::Finding;
use lockgate_model::{Ecosystem, LockedRelease, Origin};

pub(super) fn compare(entry: &LockedRelease) -> Vec<Finding> {
    match (&entry.origin, entry.release.ecosystem) {
        (Origin::Registry { url: Some(url) }, Ecosystem::Npm) => tarball(entry, url).into_iter().collect(),
        // An index has no package in its address; its files have.
        (Origin::Registry { .. }, Ecosystem::Pypi) => files(entry),
        // cargo pins no file name, and an address that a project asks for may be called anything.
        _ => Vec::new(),
    }
}

/// An npm registry's address: `.../NAME/-/FILE-VERSION.tgz`. Some registries leave `/-/` out or repeat the scope behind
/// it, and some give addresses that say nothing.
fn tarball(entry: &LockedRelease, url: &str) -> Option<Finding> {
    let release = &entry.release;
    let path = decoded(url);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let bare = release.name.rsplit('/').next()?;
    let other = |name: &str| Finding::NameDiffersFromAddress { address: url.to_owned(), address_name: name.to_owned() };
    let dash = parts.iter().rposition(|part| *part == "-");
    if let Some(name) = dash.and_then(|dash| name_before(&parts[..dash]))
        && name != release.name
    {
        return Some(other(&name));
    }
    let file = parts.last()?.strip_suffix(".tgz")?;
    let Some(version) = file.strip_prefix(bare).and_then(|rest| rest.strip_prefix('-')) else {
        let name = name_of(file);
        return name.filter(|_| dash.is_none()).or(dash.map(|_| file)).map(other);
    };
    // npm leaves build metadata out of file names.
    let same = version == release.version || Some(version) == release.version.split('+').next();
    (!same).then(|| Finding::VersionDiffersFromAddress { address: url.to_owned(), address_version: version.to_owned() })
}

/// The name that ends `parts`, with its scope.
fn name_before(parts: &[&str]) -> Option<String> {
    match parts {
        [.., scope, name] if scope.starts_with('@') => Some(format!("{scope}/{name}")),
        [.., name] => Some((*name).to_owned()),
        [] => None,
    }
}

/// The name in `name-1.2.3`; `None` where no version follows.
fn name_of(file: &str) -> Option<&str> {
    let is_version = |at: usize| {
        file[at + 1..].split('.').take(3).filter(|n| n.starts_with(|c: char| c.is_ascii_digit())).count() == 3
    };
    file.match_indices('-').map(|(at, _)| at).find(|at| is_version(*at)).map(|at| &file[..at])
}

/// The path, without the host, percent-decoded where that gives ASCII.
fn decoded(url: &str) -> String {
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        let byte = rest.get(1..3).filter(|_| c == '%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(u8::is_ascii_graphic) {
            Some(byte) => {
                decoded.push(char::from(byte));
                rest = &rest[3..];
            }
            None => {
                decoded.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    decoded
}

/// A wheel or source archive begins with the name of its project (PEP 427, PEP 625), in some spelling of it.
fn files(entry: &LockedRelease) -> Vec<Finding> {
    let name = Ecosystem::Pypi.normalize_name(&entry.release.name);
    let fits = |file: &str| {
        let file = Ecosystem::Pypi.normalize_name(file);
        file.strip_prefix(&name).is_some_and(|rest| rest.strip_prefix('-').is_some_and(begins_as_version))
    };
    let named = entry.digests.iter().filter_map(|digest| digest.file.as_deref());
    named.filter(|file| !fits(file)).map(|file| Finding::NameDiffersFromFile { file: file.to_owned() }).collect()
}

/// `requests-toolbelt-1.0` is no file of `requests`. A version may begin with `v` and be an epoch.
fn begins_as_version(text: &str) -> bool {
    text.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
}
