//! The npm registry protocol: one full packument for each package.
//!
//! The full form (`application/json`) and not the abbreviated one, because only the full one has licences,
//! scripts and times. Mirrors may serve less; what is missing stays unknown.

use super::document::{Deprecated, Dist, Document, Lenient, Ordered, Signature};
use super::{entry, manifest};
use crate::address::file_name;
use crate::position::excerpt;
use crate::{MetadataRequest, RegistryProtocol};
use chrono::{DateTime, Utc};
use lockgate_model::{
    Cause, CauseKind, Digest, DigestAlgorithm, Ecosystem, PublishedFile, PublishedFileKind, PublishedPackage,
    PublishedRelease, RegistrySignature, Release,
};
use serde::Deserialize;
use std::collections::HashMap;
use url::Url;

/// A registry signs with one key, and with two while it changes it.
const MOST_SIGNATURES: usize = 8;

/// The protocol of npm's registries.
#[derive(Debug, Clone, Copy)]
pub(super) struct NpmRegistry;

/// A packument, as far as it is read.
#[derive(Debug, Deserialize)]
struct Packument {
    name: String,
    #[serde(default)]
    versions: Ordered<Document>,
    #[serde(default)]
    time: Lenient<HashMap<String, Lenient<String>>>,
}

impl RegistryProtocol for NpmRegistry {
    fn is_package_name(&self, package: &str) -> bool {
        entry::is_package_name(package)
    }

    fn metadata_request(&self, base: &Url, package: &str) -> MetadataRequest {
        let mut url = base.clone();
        // A scope's slash is part of the name (`@scope%2fname`), so the name is one path segment.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(package);
        }
        url.set_query(None);
        url.set_fragment(None);
        MetadataRequest { url, accept: "application/json" }
    }

    fn read_metadata(
        &self,
        base: &Url,
        package: &str,
        body: &[u8],
        _configuration: Option<&[u8]>,
    ) -> Result<PublishedPackage, Cause> {
        let packument: Packument = serde_json::from_slice(body).map_err(|e| not_a_packument(package, body, &e))?;
        if packument.name != package {
            let message = format!("npm {package}: the registry answered for {}", excerpt(&packument.name));
            return Err(Cause::new(CauseKind::Malformed, message));
        }
        let times = packument.time.0.unwrap_or_default();
        let published_at = |version: &str| {
            let text = times.get(version)?.0.as_deref()?;
            DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
        };
        let releases = packument.versions.0.iter().map(|(version, document)| PublishedRelease {
            release: Release::new(Ecosystem::Npm, package, version),
            files: document.dist.0.as_ref().and_then(|dist| file(base, package, version, dist)).into_iter().collect(),
            claims: manifest::claims_of(document),
            published_at: published_at(version),
            yanked: document.deprecated.0.as_ref().and_then(deprecation),
        });
        Ok(PublishedPackage { name: package.to_owned(), releases: releases.collect() })
    }

    fn keys_request(&self, base: &Url) -> Option<Url> {
        at(base, &["-", "npm", "v1", "keys"])
    }

    fn files_to_read<'a>(&self, release: &'a PublishedRelease) -> Vec<&'a PublishedFile> {
        release.files.iter().filter(|file| file.kind == PublishedFileKind::NpmTarball).take(1).collect()
    }
}

fn not_a_packument(package: &str, body: &[u8], error: &serde_json::Error) -> Cause {
    let looks = if body.trim_ascii_start().starts_with(b"<") { " (it looks like HTML)" } else { "" };
    let message = format!("npm {package}: the registry's answer is no packument{looks}: {error}");
    Cause::new(CauseKind::Malformed, message).with_remedy("check that the configured address is an npm registry")
}

/// An address below the registry's own.
fn at(base: &Url, path: &[&str]) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(path);
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

/// That there are attestations is the registry's word; where they are follows from its own address, since a mirror repeats
/// the address of the registry behind it.
fn file(base: &Url, package: &str, version: &str, dist: &Dist) -> Option<PublishedFile> {
    let url = Url::parse(dist.tarball.0.as_deref()?).ok()?;
    let integrity = dist.integrity.0.as_deref().unwrap_or_default();
    let strong = integrity.split_ascii_whitespace().filter_map(|text| Digest::from_sri(text).ok());
    let shasum = dist.shasum.0.as_deref().and_then(|hex| Digest::from_hex(DigestAlgorithm::Sha1, hex).ok());
    let mut digests: Vec<_> = strong.chain(shasum).collect();
    digests.sort();
    digests.dedup();
    let file = file_name(url.as_str())?;
    let signature = |one: &Signature| Some(RegistrySignature { keyid: one.keyid.0.clone()?, sig: one.sig.0.clone()? });
    let signatures = dist.signatures.0.as_deref().unwrap_or_default();
    let attested = dist.attestations.0.as_ref().is_some_and(|a| a.url.0.is_some());
    let attestations = attested.then(|| at(base, &["-", "npm", "v1", "attestations", &format!("{package}@{version}")]));
    Some(PublishedFile {
        file,
        kind: PublishedFileKind::NpmTarball,
        url,
        digests,
        size: None,
        signatures: signatures.iter().take(MOST_SIGNATURES).filter_map(|one| signature(one.0.as_ref()?)).collect(),
        attestations: attestations.flatten(),
    })
}

/// Why a version is deprecated. An empty text takes a deprecation back (`npm deprecate pkg@1 ""`).
fn deprecation(deprecated: &Deprecated) -> Option<String> {
    match deprecated {
        Deprecated::Text(reason) if !reason.is_empty() => Some(reason.clone()),
        Deprecated::Flag(true) => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://registry.example.test/npm/").unwrap()
    }

    fn read(body: &str) -> Result<PublishedPackage, Cause> {
        NpmRegistry.read_metadata(&base(), "@s/a", body.as_bytes(), None)
    }

    #[test]
    fn a_scoped_name_is_one_path_segment() {
        for base in ["https://registry.example.test/npm/", "https://registry.example.test/npm"] {
            let request = NpmRegistry.metadata_request(&Url::parse(base).unwrap(), "@s/a");
            assert_eq!(request.url.as_str(), "https://registry.example.test/npm/@s%2Fa");
        }
        for name in ["..", "../x", "a?b", "a#b", "@s/../a", "%2e%2e"] {
            assert!(!NpmRegistry.is_package_name(name), "{name}");
        }
    }

    #[test]
    fn a_full_packument_is_read() {
        let sha512 = Digest::of(DigestAlgorithm::Sha512, b"x");
        let sha1 = Digest::of(DigestAlgorithm::Sha1, b"x");
        let body = serde_json::json!({
            "name": "@s/a", "dist-tags": {"latest": "1.1.0"},
            "time": {"created": "2020-01-01T00:00:00.000Z", "1.1.0": "2021-02-03T04:05:06.789Z", "1.0.0": 7},
            "versions": {
                "1.1.0": {
                    "license": "MIT", "scripts": {"postinstall": "node x.js"}, "deprecated": "use b",
                    "dist": {"tarball": "https://registry.example.test/npm/@s/a/-/a-1.1.0.tgz",
                             "integrity": sha512.sri(), "shasum": sha1.hex()},
                },
                "1.0.0": {"dist": {"tarball": "no address"}, "deprecated": ""},
            },
        });
        let package = read(&body.to_string()).unwrap();
        let versions: Vec<_> = package.releases.iter().map(|r| r.release.version.as_str()).collect();
        assert_eq!(versions, ["1.1.0", "1.0.0"]);
        let release = package.release("1.1.0").unwrap();
        assert_eq!(release.files[0].file, "a-1.1.0.tgz");
        assert_eq!(release.files[0].digests, [sha1, sha512]);
        assert_eq!(release.yanked.as_deref(), Some("use b"));
        assert_eq!(release.published_at.unwrap().to_rfc3339(), "2021-02-03T04:05:06.789+00:00");
        assert_eq!(release.claims.install_scripts, ["postinstall: node x.js"]);
        assert_eq!(NpmRegistry.files_to_read(release).len(), 1);
        let bare = package.release("1.0.0").unwrap();
        assert_eq!((&bare.files[..], &bare.yanked, bare.published_at), (&[][..], &None, None));
    }

    #[test]
    fn what_was_signed_is_read_and_asked_for_at_the_configured_registry() {
        let body = serde_json::json!({"name": "@s/a", "versions": {
            "1.0.0": {"dist": {
                "tarball": "https://registry.example.test/npm/@s/a/-/a-1.0.0.tgz",
                "signatures": [{"keyid": "SHA256:k", "sig": "MEQ="}, {"keyid": 1}, "odd"],
                "attestations": {"url": "https://behind.example.test/-/npm/v1/attestations/x", "provenance": {}},
            }},
            "0.9.0": {"dist": {"tarball": "https://registry.example.test/npm/@s/a/-/a-0.9.0.tgz", "attestations": {}}},
        }});
        let package = read(&body.to_string()).unwrap();
        let file = &package.release("1.0.0").unwrap().files[0];
        assert_eq!(file.signatures, [RegistrySignature { keyid: "SHA256:k".into(), sig: "MEQ=".into() }]);
        let address = "https://registry.example.test/npm/-/npm/v1/attestations/@s%2Fa@1.0.0";
        assert_eq!(file.attestations.as_ref().unwrap().as_str(), address);
        let earlier = &package.release("0.9.0").unwrap().files[0];
        assert_eq!((earlier.signatures.len(), &earlier.attestations), (0, &None));
        let keys = NpmRegistry.keys_request(&base()).unwrap();
        assert_eq!(keys.as_str(), "https://registry.example.test/npm/-/npm/v1/keys");
    }

    #[test]
    fn what_is_no_packument_of_the_package_is_refused() {
        for (body, part) in [
            ("<html>sign in</html>", "it looks like HTML"),
            ("{}", "missing field `name`"),
            (r#"{"name":"b"}"#, "the registry answered for b"),
            (r#"{"name":"@s/a","versions":[]}"#, "expected an object"),
        ] {
            let cause = read(body).unwrap_err();
            assert_eq!(cause.kind, CauseKind::Malformed);
            assert!(cause.message.contains(part), "{}", cause.message);
        }
    }

    #[test]
    fn a_package_without_releases_is_empty() {
        assert!(read(r#"{"name":"@s/a"}"#).unwrap().releases.is_empty());
    }
}
