//! Addresses from lockfiles and manifests, made fit to be exported.
//!
//! Lockfiles of private registries carry passwords and signed queries. An export goes to auditors and
//! customers, so nothing but scheme, host and path leaves; an address that cannot be taken apart stays here.

use lockgate_model::{Origin, Release};
use packageurl::PackageUrl;
use std::str::FromStr;
use url::Url;

const ARTIFACT_ENDINGS: [&str; 7] = [".tgz", ".tar.gz", ".whl", ".crate", ".zip", ".tar.bz2", "/download"];

/// The address without credentials, query and fragment; `None` where it names no host.
pub(super) fn clean(text: &str) -> Option<Url> {
    let text = text.trim();
    let text = ["registry+", "sparse+", "git+"].iter().find_map(|p| text.strip_prefix(p)).unwrap_or(text);
    let mut url = match (Url::parse(text), scp_form(text)) {
        (Ok(url), _) if url.has_host() => url,
        (_, Some(url)) => url,
        _ => return None,
    };
    if !matches!(url.scheme(), "http" | "https" | "ssh" | "git") {
        return None;
    }
    // A login that slipped into the path is still a login.
    if url.path().split('/').any(|part| part.split_once(':').is_some_and(|(_, rest)| rest.contains('@'))) {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    url.set_password(None).ok()?;
    // The login of the ssh transport is the same for everybody and needed to clone.
    if !(url.scheme() == "ssh" && url.username() == "git") {
        url.set_username("").ok()?;
    }
    Some(url)
}

/// `git@host:path`, as git writes ssh addresses.
fn scp_form(text: &str) -> Option<Url> {
    let (login, path) = text.split_once(':')?;
    let (user, host) = login.split_once('@')?;
    if user.is_empty() || host.is_empty() || host.contains('/') || path.starts_with('/') {
        return None;
    }
    Url::parse(&format!("ssh://{user}@{host}/{path}")).ok()
}

/// Where the very artifact lies, if the lockfile says so; a registry's own address is none.
pub(super) fn artifact(origin: &Origin) -> Option<Url> {
    match origin {
        Origin::Url { url } => clean(url),
        Origin::Registry { url: Some(url) } => {
            clean(url).filter(|u| ARTIFACT_ENDINGS.iter().any(|ending| u.path().ends_with(ending)))
        }
        _ => None,
    }
}

/// `git+https://host/path`, the form that SPDX (section 7.7) and purl (`vcs_url`) share, without the commit.
pub(super) fn repository(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Git { url, .. } => clean(url).map(|u| if u.scheme() == "git" { u.into() } else { format!("git+{u}") }),
        _ => None,
    }
}

/// The package URL, qualified where the release does not come from a registry. `None` for the repository's own
/// code: a package URL would claim that it is the registry's package of that name.
pub(super) fn purl(release: &Release, origin: &Origin) -> Option<String> {
    let plain = release.purl();
    let qualifier = match origin {
        Origin::Path { .. } => return None,
        Origin::Git { commit, .. } => {
            let commit = commit.as_deref().map(|c| format!("@{c}")).unwrap_or_default();
            repository(origin).map(|r| ("vcs_url", r + &commit))
        }
        Origin::Url { .. } => artifact(origin).map(|u| ("download_url", u.to_string())),
        Origin::Registry { .. } | Origin::Bundled { .. } => None,
    };
    match qualifier {
        Some((key, value)) => Some(qualify(&plain, key, &value)),
        None => Some(plain),
    }
}

/// Adds a qualifier to a package URL that [`Release::purl`] built.
pub(super) fn qualify(purl: &str, key: &'static str, value: &str) -> String {
    let qualified = PackageUrl::from_str(purl).and_then(|mut p| {
        p.add_qualifier(key, value.to_owned())?;
        Ok(p.to_string())
    });
    qualified.unwrap_or_else(|_| purl.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::Ecosystem;
    use proptest::prelude::*;

    fn cleaned(text: &str) -> Option<String> {
        clean(text).map(Into::into)
    }

    #[test]
    fn secrets_stay_here() {
        for (given, expected) in [
            ("https://user:s3cret@npm.example.test/a/-/a-1.tgz?sig=x#y", "https://npm.example.test/a/-/a-1.tgz"),
            ("https://s3cret@git.example.test/a.git", "https://git.example.test/a.git"),
            ("git+ssh://git:s3cret@git.example.test/a.git", "ssh://git@git.example.test/a.git"),
            ("ssh://s3cret@git.example.test/a.git", "ssh://git.example.test/a.git"),
            ("git@git.example.test:a/b.git", "ssh://git@git.example.test/a/b.git"),
            ("sparse+https://crates.example.test/index/", "https://crates.example.test/index/"),
        ] {
            assert_eq!(cleaned(given).as_deref(), Some(expected));
        }
        for gone in
            ["", "file:///home/a", "a/b", "github:a/b", "javascript:alert(1)", "https://", "a@b:/c", "x@y://u:s3cret@h"]
        {
            assert_eq!(cleaned(gone), None, "{gone}");
        }
    }

    #[test]
    fn only_an_artifacts_address_is_one() {
        let registry = |url: &str| Origin::Registry { url: Some(url.into()) };
        assert!(artifact(&registry("https://npm.example.test/a/-/a-1.0.0.tgz")).is_some());
        assert!(artifact(&registry("https://pypi.example.test/simple")).is_none());
        assert!(artifact(&Origin::Url { url: "https://files.example.test/x".into() }).is_some());
    }

    #[test]
    fn the_purl_says_where_a_release_comes_from() {
        let release = Release::new(Ecosystem::Npm, "a", "1.0.0");
        let git = Origin::Git { url: "git+https://git.example.test/a.git".into(), commit: Some("c0ffee".into()) };
        let purl = purl(&release, &git).unwrap();
        assert!(purl.starts_with("pkg:npm/a@1.0.0?vcs_url=git"), "{purl}");
        assert_eq!(purl.parse::<Release>().unwrap(), release);
        assert_eq!(super::purl(&release, &Origin::Path { path: "a".into() }), None);
        assert_eq!(super::purl(&release, &Origin::Registry { url: None }).unwrap(), "pkg:npm/a@1.0.0");
    }

    proptest! {
        #[test]
        fn no_credentials_leave(user in "[a-z0-9]{1,8}", password in "S3[A-Z]{6}", rest: String) {
            for text in [
                format!("https://{user}:{password}@h.example.test/{rest}"),
                format!("git+https://{password}@h.example.test/a.git?{rest}"),
                format!("{rest}://{user}:{password}@h.example.test"),
            ] {
                // `rest` is no part of the login, so the password must be gone whatever it holds.
                let clean = cleaned(&text).unwrap_or_default();
                prop_assert!(!clean.contains(&password), "{clean}");
            }
        }
    }
}
