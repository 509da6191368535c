//! Sources and package identifiers as `Cargo.lock` writes them.

use crate::address::without_credentials;
use lockgate_model::Origin;

/// `name`, `name version` or `name version (source)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackageId<'t> {
    pub(super) name: &'t str,
    pub(super) version: Option<&'t str>,
    /// Without the commit: see [`unpinned`].
    pub(super) source: Option<&'t str>,
}

impl<'t> PackageId<'t> {
    pub(super) fn parse(text: &'t str) -> Self {
        let mut parts = text.trim().splitn(3, ' ');
        let name = parts.next().unwrap_or_default();
        let version = parts.next().filter(|v| !v.is_empty());
        let source = parts.next().and_then(|s| s.strip_prefix('(')?.strip_suffix(')')).map(unpinned);
        Self { name, version, source }
    }
}

/// A source without its `#commit`, which dependencies carry in some versions of the format and not in others.
pub(super) fn unpinned(source: &str) -> &str {
    source.split_once('#').map_or(source, |(source, _)| source)
}

/// Where a `source` points; `None` for a kind that is not known.
pub(super) fn origin(source: &str) -> Option<Origin> {
    let (kind, address) = source.split_once('+')?;
    match kind {
        "registry" | "sparse" | "local-registry" | "directory" => {
            Some(Origin::Registry { url: Some(without_credentials(address)) })
        }
        "git" => {
            let commit = address.rsplit_once('#').map(|(_, commit)| commit);
            let whole = commit.filter(|c| matches!(c.len(), 40 | 64) && c.bytes().all(|b| b.is_ascii_hexdigit()));
            Some(Origin::Git { url: without_credentials(address), commit: whole.map(str::to_owned) })
        }
        "path" => Some(Origin::Path { path: without_credentials(address) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_up_to_three_parts() {
        for (text, expected) in [
            ("a", PackageId { name: "a", version: None, source: None }),
            ("a 1.0.0", PackageId { name: "a", version: Some("1.0.0"), source: None }),
            (
                "a 1.0.0 (git+https://git.example.test/a?branch=b#c)",
                PackageId {
                    name: "a",
                    version: Some("1.0.0"),
                    source: Some("git+https://git.example.test/a?branch=b"),
                },
            ),
            ("", PackageId { name: "", version: None, source: None }),
        ] {
            assert_eq!(PackageId::parse(text), expected);
        }
    }

    #[test]
    fn sources_become_origins() {
        let commit = "0".repeat(40);
        let git = |commit| Some(Origin::Git { url: "https://git.example.test/a".into(), commit });
        let registry = Some(Origin::Registry { url: Some("https://index.example.test/i/".into()) });
        assert_eq!(origin("registry+https://u:p@index.example.test/i/"), registry);
        assert_eq!(origin("sparse+https://index.example.test/i/"), registry);
        assert_eq!(origin(&format!("git+https://t@git.example.test/a?rev=x#{commit}")), git(Some(commit)));
        assert_eq!(origin("git+https://git.example.test/a#main"), git(None));
        assert_eq!(origin("ftp+x"), None);
        assert_eq!(origin("x"), None);
    }
}
