//! Cargo's sparse index (The Cargo Book, "Registry Index"): one file a crate, one line a version.

use super::lockfile::is_name;
use crate::position::excerpt;
use crate::{MetadataRequest, RegistryProtocol};
use chrono::{DateTime, Utc};
use lockgate_model::{
    Cause, CauseKind, Claims, Digest, DigestAlgorithm, Ecosystem, PublishedFile, PublishedFileKind, PublishedPackage,
    PublishedRelease, Release,
};
use serde::Deserialize;
use url::Url;

/// Every registry of crates that is asked over HTTP.
#[derive(Debug, Clone, Copy)]
pub(super) struct SparseIndex;

/// `config.json`. `auth-required` is not read: the operator configures a token or the answer is 401.
#[derive(Debug, Deserialize)]
struct Configuration {
    dl: String,
}

#[derive(Debug, Deserialize)]
struct Line {
    name: String,
    vers: String,
    cksum: String,
    #[serde(default)]
    yanked: bool,
    pubtime: Option<DateTime<Utc>>,
}

impl RegistryProtocol for SparseIndex {
    fn is_package_name(&self, package: &str) -> bool {
        is_name(package) && package.is_ascii()
    }

    fn metadata_request(&self, base: &Url, package: &str) -> MetadataRequest {
        let name = package.to_ascii_lowercase();
        MetadataRequest { url: below(base, &format!("{}/{name}", prefix(&name))), accept: "text/plain" }
    }

    fn configuration_request(&self, base: &Url) -> Option<Url> {
        Some(below(base, "config.json"))
    }

    fn read_metadata(
        &self,
        base: &Url,
        package: &str,
        body: &[u8],
        configuration: Option<&[u8]>,
    ) -> Result<PublishedPackage, Cause> {
        let malformed = |what: &str, why: String| {
            let message = format!("read cargo {package}: the registry's {what} is not that of a sparse index: {why}");
            Cause::new(CauseKind::Malformed, message).with_remedy("configure the address of a sparse index")
        };
        let configuration: Configuration = serde_json::from_slice(configuration.unwrap_or_default())
            .map_err(|e| malformed("config.json", excerpt(&e.to_string())))?;
        let text = std::str::from_utf8(body).map_err(|e| malformed("answer", e.to_string()))?;
        let mut releases = Vec::new();
        for text in text.lines().filter(|line| !line.trim().is_empty()) {
            let line: Line = serde_json::from_str(text).map_err(|e| malformed("answer", excerpt(&e.to_string())))?;
            if line.name != package {
                let why = format!("it is about {}", excerpt(&line.name));
                return Err(malformed("answer", why));
            }
            // Cargo, too, leaves out versions that it cannot read.
            if semver::Version::parse(&line.vers).is_ok() {
                releases.push(release(base, &configuration.dl, line).map_err(|why| malformed("answer", why))?);
            }
        }
        Ok(PublishedPackage { name: package.to_owned(), releases })
    }

    fn files_to_read<'a>(&self, release: &'a PublishedRelease) -> Vec<&'a PublishedFile> {
        release.files.iter().filter(|f| f.kind == PublishedFileKind::Crate).collect()
    }
}

/// An address below the index's own; a configured `sparse+` is dropped.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.as_str().strip_prefix("sparse+").and_then(|u| u.parse().ok()).unwrap_or_else(|| base.clone());
    let folder = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{folder}/{path}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// The folder of a crate: `1`, `2`, `3/a`, `ab/cd`. Names are ASCII here, so bytes are characters.
fn prefix(name: &str) -> String {
    match name.len() {
        length @ 0..=2 => length.to_string(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    }
}

fn release(base: &Url, template: &str, line: Line) -> Result<PublishedRelease, String> {
    let Line { name, vers, cksum, yanked, pubtime } = line;
    let digest = Digest::from_hex(DigestAlgorithm::Sha256, &cksum)
        .map_err(|e| format!("cksum of version {}: {e}", excerpt(&vers)))?;
    let url = download_address(base, template, &name, &vers, &cksum)?;
    let file = PublishedFile {
        file: format!("{name}-{vers}.crate"),
        kind: PublishedFileKind::Crate,
        url,
        digests: vec![digest],
        size: None,
        signatures: Vec::new(),
        attestations: None,
    };
    Ok(PublishedRelease {
        release: Release::new(Ecosystem::Cargo, &name, &vers),
        files: vec![file],
        claims: Claims::default(),
        published_at: pubtime,
        yanked: yanked.then(String::new),
    })
}

/// `dl` with its markers filled in; without any, `/{crate}/{version}/download` is appended.
fn download_address(base: &Url, template: &str, name: &str, version: &str, checksum: &str) -> Result<Url, String> {
    let markers = [
        ("{crate}", name.to_owned()),
        ("{version}", version.to_owned()),
        ("{prefix}", prefix(name)),
        ("{lowerprefix}", prefix(&name.to_ascii_lowercase())),
        ("{sha256-checksum}", checksum.to_owned()),
    ];
    let address = if markers.iter().any(|(marker, _)| template.contains(marker)) {
        markers.iter().fold(template.to_owned(), |address, (marker, value)| address.replace(marker, value))
    } else {
        format!("{}/{name}/{version}/download", template.trim_end_matches('/'))
    };
    below(base, "").join(&address).map_err(|e| format!("dl in config.json gives no address: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURATION: &[u8] = br#"{"dl": "https://files.example.test/crates", "api": null, "auth-required": true}"#;

    fn base() -> Url {
        "https://index.example.test/i/".parse().unwrap()
    }

    fn line(name: &str, version: &str) -> String {
        format!(
            r#"{{"name":"{name}","vers":"{version}","deps":[],"cksum":"{}","features":{{}},"yanked":false,"v":2}}"#,
            "0a".repeat(32)
        )
    }

    fn read(package: &str, body: &str) -> Result<PublishedPackage, Cause> {
        SparseIndex.read_metadata(&base(), package, body.as_bytes(), Some(CONFIGURATION))
    }

    #[test]
    fn a_crates_file_has_its_place() {
        for (name, path) in [("a", "1/a"), ("ab", "2/ab"), ("aBc", "3/a/abc"), ("Cargo", "ca/rg/cargo")] {
            for base in ["https://index.example.test/i", "sparse+https://index.example.test/i/"] {
                let request = SparseIndex.metadata_request(&base.parse().unwrap(), name);
                assert_eq!(request.url.as_str(), format!("https://index.example.test/i/{path}"));
            }
        }
        let configuration = SparseIndex.configuration_request(&base()).unwrap();
        assert_eq!(configuration.as_str(), "https://index.example.test/i/config.json");
    }

    #[test]
    fn lines_become_releases() {
        let withdrawn =
            line("a", "1.1.0").replace(r#""yanked":false"#, r#""yanked":true,"pubtime":"2024-01-02T03:04:05Z""#);
        let package = read("a", &format!("{}\n{withdrawn}\n\n{}\n", line("a", "1.0.0"), line("a", "1"))).unwrap();
        let [first, second] = package.releases.as_slice() else { panic!("{package:?}") };
        assert_eq!(first.files[0].url.as_str(), "https://files.example.test/crates/a/1.0.0/download");
        assert_eq!(first.files[0].file, "a-1.0.0.crate");
        assert_eq!((first.yanked.as_deref(), second.yanked.as_deref()), (None, Some("")));
        assert_eq!(second.published_at.unwrap().to_rfc3339(), "2024-01-02T03:04:05+00:00");
    }

    #[test]
    fn markers_are_filled_in() {
        for (template, expected) in [
            ("https://f.example.test/{crate}/{version}.crate", "https://f.example.test/AbCd/1.0.0+x.crate"),
            ("https://f.example.test/{prefix}/{lowerprefix}/x", "https://f.example.test/Ab/Cd/ab/cd/x"),
            ("https://f.example.test/{sha256-checksum}", "https://f.example.test/00"),
            ("https://f.example.test/", "https://f.example.test/AbCd/1.0.0+x/download"),
        ] {
            let address = download_address(&base(), template, "AbCd", "1.0.0+x", "00").unwrap();
            assert_eq!(address.as_str(), expected);
        }
    }

    #[test]
    fn what_is_not_the_protocol_is_malformed() {
        let broken = line("a", "1.0.0").replace("0a0a", "zz");
        for body in [broken.as_str(), &line("b", "1.0.0"), "<html>", "{}"] {
            assert_eq!(read("a", body).unwrap_err().kind, CauseKind::Malformed, "{body}");
        }
        for configuration in [None, Some(&b"<html>"[..]), Some(b"{\"dl\": \"https://[\"}")] {
            let read = SparseIndex.read_metadata(&base(), "a", line("a", "1.0.0").as_bytes(), configuration);
            assert_eq!(read.unwrap_err().kind, CauseKind::Malformed);
        }
    }

    #[test]
    fn names_that_would_leave_the_index_are_refused() {
        for name in ["", "..", "a/b", "a.b", "ä", "a?"] {
            assert!(!SparseIndex.is_package_name(name), "{name}");
        }
        assert!(SparseIndex.is_package_name("serde_json-x1"));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body: Vec<u8>, configuration: Vec<u8>) {
            let _ = SparseIndex.read_metadata(&base(), "a", &body, Some(&configuration));
            let _ = SparseIndex.read_metadata(&base(), "a", &body, Some(CONFIGURATION));
        }
    }
}
