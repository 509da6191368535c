//! From which registries and indexes a lockfile takes releases, and which of them are news.
//!
//! One host may serve the registries of many owners, so that a known host says little: what counts is the address up to
//! the package's name.

use lockgate_model::{Ecosystem, LockedRelease, Lockfile, LockfileFinding, Origin};
use std::collections::{BTreeMap, BTreeSet};

/// Registries that `new` names and `old` does not, but for those that the operator configured; by line. `known`:
/// addresses, or hosts alone, from which releases may come.
///
/// A lockfile that was not there before has nothing to be compared with; where its releases may come from is asked of
/// each of them.
pub fn new_registries(old: Option<&Lockfile>, new: &Lockfile, known: &[String]) -> Vec<LockfileFinding> {
    let Some(old) = old else { return Vec::new() };
    let before: BTreeSet<String> = old.releases.iter().filter_map(registry).collect();
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    for entry in &new.releases {
        let Some(address) = registry(entry) else { continue };
        if !before.contains(&address) && !is_known(&address, known) {
            let line = found.entry(address).or_insert(entry.line);
            *line = entry.line.min(*line);
        }
    }
    let mut found: Vec<_> =
        found.into_iter().map(|(address, line)| LockfileFinding::NewRegistry { address, line }).collect();
    found.sort_by_key(|finding| if let LockfileFinding::NewRegistry { line, .. } = finding { *line } else { 0 });
    found
}

/// Up to the package's name, without a final `/`; `None` where the entry names none.
fn registry(entry: &LockedRelease) -> Option<String> {
    let Origin::Registry { url: Some(url) } = &entry.origin else { return None };
    let address = match entry.release.ecosystem {
        Ecosystem::Npm => above_tarball(url)?,
        Ecosystem::Pypi | Ecosystem::Cargo => url,
    };
    Some(bare(address).to_owned())
}

/// The registry of `https://HOST/PATH/NAME/-/FILE`. An address of another shape says no more than its host.
fn above_tarball(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let host = start + url[start..].find('/').unwrap_or(url.len() - start);
    let Some(at) = url.rfind("/-/").filter(|at| *at >= host) else { return Some(&url[..host]) };
    let name = url[host..at].rfind('/').map_or(host, |slash| host + slash);
    let scope = url[host..name].rfind('/').map_or(host, |slash| host + slash);
    let scoped = url[scope..name].starts_with("/@");
    Some(&url[..if scoped { scope } else { name }])
}

fn is_known(address: &str, known: &[String]) -> bool {
    let host = address.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    known.iter().any(|known| bare(known) == address || (!known.contains("://") && known.eq_ignore_ascii_case(host)))
}

fn bare(address: &str) -> &str {
    address.trim_start_matches("registry+").trim_start_matches("sparse+").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_ends_where_the_package_begins() {
        for (url, expected) in [
            ("https://r.example.test/a/-/a-1.0.0.tgz", "https://r.example.test"),
            ("https://r.example.test/@s/a/-/a-1.0.0.tgz", "https://r.example.test"),
            ("https://r.example.test/@s%2fa/-/a-1.0.0.tgz", "https://r.example.test"),
            ("https://r.example.test/team/npm/@s/a/-/@s/a-1.0.0.tgz", "https://r.example.test/team/npm"),
            ("https://r.example.test/download/@s/a/1/0123", "https://r.example.test"),
            ("https://r.example.test", "https://r.example.test"),
            ("https://r.example.test/-/a.tgz", "https://r.example.test"),
        ] {
            assert_eq!(above_tarball(url), Some(expected), "{url}");
        }
        assert_eq!(above_tarball("no address"), None);
    }

    fn uv(registries: &[&str]) -> Lockfile {
        let package = |(i, registry): (usize, &&str)| {
            format!("[[package]]\nname = \"a{i}\"\nversion = \"1\"\nsource = {{ registry = \"{registry}\" }}\n")
        };
        let text: String = registries.iter().enumerate().map(package).collect();
        crate::parse("uv.lock", format!("version = 1\n{text}").as_bytes()).unwrap()
    }

    #[test]
    fn news_are_told_with_their_line() {
        let old = uv(&["https://pypi.example.test/simple"]);
        let new = uv(&[
            "https://pypi.example.test/simple/",
            "https://pypi.example.test/evil/simple",
            "https://own.example.test/x",
        ]);
        let told = |known: &[&str]| {
            let known: Vec<String> = known.iter().map(|k| (*k).to_owned()).collect();
            let found = new_registries(Some(&old), &new, &known);
            found.into_iter().map(|f| format!("{f:?}").replace("NewRegistry ", "")).collect::<Vec<_>>().join(" ")
        };
        let evil = "{ address: \"https://pypi.example.test/evil/simple\", line: 6 }";
        let own = "{ address: \"https://own.example.test/x\", line: 10 }";
        assert_eq!(told(&[]), format!("{evil} {own}"));
        assert_eq!(told(&["https://own.example.test/x/"]), evil);
        assert_eq!(told(&["own.example.test", "https://pypi.example.test/evil/simple"]), "");
        assert_eq!(new_registries(None, &new, &[]), []);
    }
}
