//! Where an npm lockfile says that an entry comes from.

use crate::address::without_credentials;
use lockgate_model::Origin;

/// What a `resolved` field, or the `version` field of lockfile version 1, points to when it is an address;
/// `None` for a plain version.
///
/// A registry's tarball and a tarball elsewhere look alike: both are [`Origin::Url`] here, and only who
/// depends on the entry, and how, tells them apart.
pub(super) fn read(address: &str) -> Option<Origin> {
    let starts =
        |prefixes: &[&str]| prefixes.iter().any(|p| address.get(..p.len()).is_some_and(|a| a.eq_ignore_ascii_case(p)));
    if starts(&["git+", "git:", "git@", "ssh:", "github:", "gitlab:", "bitbucket:", "gist:"]) {
        let (url, commit) = address.split_once('#').unwrap_or((address, ""));
        return Some(Origin::Git { url: without_credentials(url), commit: commit_sha(commit) });
    }
    if starts(&["file:", "link:", "workspace:"]) {
        let path = address.split_once(':').map_or("", |(_, path)| path);
        return Some(Origin::Path { path: path.to_owned() });
    }
    is_remote(address).then(|| Origin::Url { url: without_credentials(address) })
}

/// Whether a `resolved` address or a dependency's specification is an http address.
pub(super) fn is_remote(address: &str) -> bool {
    ["http://", "https://"].iter().any(|p| address.get(..p.len()).is_some_and(|a| a.eq_ignore_ascii_case(p)))
}

/// A full commit name, SHA-1 or SHA-256; branches, tags and short names pin nothing.
fn commit_sha(text: &str) -> Option<String> {
    let full = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    full.then(|| text.to_ascii_lowercase())
}

/// The aliased package of `npm:name@version`.
pub(super) fn alias(specification: &str) -> Option<(&str, &str)> {
    let real = specification.strip_prefix("npm:")?;
    let at = real.rfind('@').filter(|at| *at > 0)?;
    Some((&real[..at], &real[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        let git = |url: &str, commit: Option<&str>| Origin::Git { url: url.into(), commit: commit.map(Into::into) };
        for (address, expected) in [
            (
                format!("git+ssh://git@git.example.test/a/b.git#{sha}"),
                Some(git("git+ssh://git.example.test/a/b.git", Some(sha))),
            ),
            (format!("github:a/b#{sha}"), Some(git("github:a/b", Some(sha)))),
            (
                "git+https://u:p@git.example.test/a.git#main".into(),
                Some(git("git+https://git.example.test/a.git", None)),
            ),
            ("file:../vendor/x.tgz".into(), Some(Origin::Path { path: "../vendor/x.tgz".into() })),
            (
                "https://user:secret@host.example.test/x/-/x-1.0.0.tgz?token=1".into(),
                Some(Origin::Url { url: "https://host.example.test/x/-/x-1.0.0.tgz".into() }),
            ),
            ("1.0.0".into(), None),
            (String::new(), None),
            ("é".into(), None),
        ] {
            assert_eq!(read(&address), expected, "{address}");
        }
    }

    #[test]
    fn aliases_keep_the_scope() {
        assert_eq!(alias("npm:@s/real@1.0.0"), Some(("@s/real", "1.0.0")));
        assert_eq!(alias("npm:real@1.0.0"), Some(("real", "1.0.0")));
        assert_eq!(alias("npm:@s/real"), None);
        assert_eq!(alias("1.0.0"), None);
    }
}
