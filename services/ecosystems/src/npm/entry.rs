//! What both lockfile layouts share: turning one table into one locked release.

use super::json::Node;
use super::origin;
use crate::bounds::MAX_ENTRIES;
use crate::position::{Lines, excerpt};
use lockgate_model::{Digest, Ecosystem, LockedDigest, LockedRelease, LockfileError, Origin, Release};

/// The version of an entry that pins none. npm then takes whatever version it likes, which is what `*` means;
/// no registry has a release of this version, so the entry can never pass as a known one.
pub(super) const UNPINNED: &str = "*";
/// Longest package name that a registry takes.
const MAX_NAME: usize = 214;

/// The lockfile being read: its path and its lines, for errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a str,
    pub(super) lines: &'a Lines<'a>,
}

impl Source<'_> {
    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> LockfileError {
        self.lines.error(self.path, at, message)
    }

    pub(super) fn object<'n>(&self, node: &'n Node<'n>, what: &str) -> Result<&'n Node<'n>, LockfileError> {
        if node.is_object() { Ok(node) } else { Err(self.error(node.at, format!("{what} is not an object"))) }
    }

    /// The text member `key`, if it is there.
    pub(super) fn text<'n>(&self, entry: &'n Node<'n>, key: &str) -> Result<Option<&'n str>, LockfileError> {
        match entry.get(key) {
            None => Ok(None),
            Some(node) => match node.as_str() {
                Some(text) => Ok(Some(text)),
                None => Err(self.error(node.at, format!("\"{key}\" is not a text"))),
            },
        }
    }

    pub(super) fn check_entries(&self, entries: usize, at: usize) -> Result<(), LockfileError> {
        if entries <= MAX_ENTRIES {
            return Ok(());
        }
        Err(self.error(at, format!("it has more than {MAX_ENTRIES} entries; split the project into several lockfiles")))
    }
}

/// The parts of an entry that the two layouts find in different ways.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// Byte offset of the entry's key.
    pub(super) at: usize,
    /// The name under which it is installed.
    pub(super) installed: &'a str,
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) origin: Origin,
}

/// The locked release of an entry, without what it depends on and whether it is direct.
pub(super) fn release(source: Source<'_>, parts: Parts<'_>, entry: &Node<'_>) -> Result<LockedRelease, LockfileError> {
    let Parts { at, installed, name, version, origin } = parts;
    if !is_package_name(name) && !matches!(origin, Origin::Path { .. }) {
        return Err(source.error(at, format!("\"{}\" is not a package name", excerpt(name))));
    }
    if version.chars().any(char::is_control) {
        return Err(source.error(at, format!("\"{}\" has a version with control characters", excerpt(name))));
    }
    let both = entry.flag("devOptional");
    Ok(LockedRelease {
        release: Release::new(Ecosystem::Npm, name, version),
        digests: digests(source.text(entry, "integrity")?.unwrap_or_default()),
        direct: None,
        dev: Some(entry.flag("dev")),
        // devOptional: a development dependency, and also an optional one of what is shipped.
        optional: entry.flag("optional") || both,
        alias: (installed != name && !matches!(origin, Origin::Path { .. })).then(|| installed.to_owned()),
        install_script: entry.flag("hasInstallScript").then_some(true),
        line: source.lines.line(at),
        depends_on: Vec::new(),
        origin,
    })
}

/// The digests of an `integrity` field: several may stand there, apart by spaces. npm passes over hashes of
/// unknown algorithms (W3C Subresource Integrity, 3.3), and so does this.
fn digests(integrity: &str) -> Vec<LockedDigest> {
    let read = |text| Digest::from_sri(text).ok().map(|digest| LockedDigest { digest, file: None });
    integrity.split_ascii_whitespace().filter_map(read).collect()
}

/// Whether npm could install a package of this name: an optional scope, then a name, neither with characters
/// that would leave its folder. Old packages have capitals and odd signs; those stay allowed.
pub(super) fn is_package_name(name: &str) -> bool {
    let bare = match name.strip_prefix('@').map(|scoped| scoped.split_once('/')) {
        Some(Some((scope, bare))) if is_name_part(scope) => bare,
        Some(_) => return false,
        None => name,
    };
    name.len() <= MAX_NAME && is_name_part(bare)
}

fn is_name_part(part: &str) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '/' | '\\' | '%' | '?' | '#' | '@' | ':');
    !part.is_empty() && part != "." && part != ".." && part != "node_modules" && !part.contains(odd)
}

/// The version to show for an entry: the pinned version, the commit, or what the lockfile says instead.
pub(super) fn version_or_pin<'a>(version: Option<&'a str>, origin: &'a Origin) -> &'a str {
    match (version, origin) {
        (Some(version), _) if !version.is_empty() => version,
        (_, Origin::Git { commit: Some(commit), .. }) => commit,
        (_, Origin::Git { url, .. } | Origin::Url { url }) => url,
        _ => UNPINNED,
    }
}

/// A tarball address as a registry's one, unless an entry that depends on it asks for that very address.
pub(super) fn registry_unless(asked_for_by_address: bool, origin: Option<Origin>) -> Origin {
    match origin {
        Some(Origin::Url { url }) if !asked_for_by_address => Origin::Registry { url: Some(url) },
        Some(origin) => origin,
        None => Origin::Registry { url: None },
    }
}

/// The last part of a folder's path that can be a package name: `apps/web`, `packages/@scope/name`.
pub(super) fn name_of_folder(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let base = path.rfind('/').map_or(0, |at| at + 1);
    let above = path[..base].trim_end_matches('/');
    let scope = above.rfind('/').map_or(0, |at| at + 1);
    if above[scope..].starts_with('@') { &path[scope..] } else { &path[base..] }
}

/// What an `npm:` alias or a plain version of lockfile version 1 names.
pub(super) fn aliased<'a>(installed: &'a str, version: &'a str) -> (&'a str, &'a str) {
    origin::alias(version).unwrap_or((installed, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_their_folder_are_refused() {
        for good in ["left-pad", "@s/a", "JSONStream", "a.b", "_x", "-", "@s/.x"] {
            assert!(is_package_name(good), "{good}");
        }
        for bad in
            ["", ".", "..", "a/b", "@s", "@/a", "@s/", "@s/a/b", "a b", "a\u{1b}", "@../a", "a%2f", &"x".repeat(215)]
        {
            assert!(!is_package_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn several_hashes_are_kept_and_unknown_ones_passed_over() {
        let one = Digest::sha256(b"1");
        let two = Digest::of(lockgate_model::DigestAlgorithm::Sha1, b"1");
        let text = format!("{} md5-AAAA {}?opt sha512-broken", one.sri(), two.sri());
        let found: Vec<_> = digests(&text).into_iter().map(|d| d.digest).collect();
        assert_eq!(found, [one, two]);
    }

    #[test]
    fn folders_are_named_by_their_last_part() {
        for (path, name) in [("apps/web", "web"), ("web", "web"), ("p/@s/a", "@s/a"), ("@s/a/", "@s/a"), ("", "")] {
            assert_eq!(name_of_folder(path), name, "{path}");
        }
    }
}
