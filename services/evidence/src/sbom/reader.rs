//! The releases in somebody else's bill of materials: CycloneDX 1.3 to 1.7 and SPDX 2.x, as JSON.
//!
//! Only package URLs are read. One that names no release (no version, another ecosystem) is returned beside
//! the releases, so that "no advisory found" is never said of something that was not looked up.

use super::SbomError;
use lockgate_model::{Ecosystem, Release};
use serde_json::Value;
use std::collections::BTreeSet;

const MAX_BYTES: usize = 256 << 20;
const CYCLONEDX_VERSIONS: [&str; 5] = ["1.3", "1.4", "1.5", "1.6", "1.7"];

/// What a bill of materials names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SbomContents {
    /// Sorted, each once.
    pub releases: Vec<Release>,
    /// Sorted by package URL, each once.
    pub skipped: Vec<SkippedPurl>,
    /// Components or packages without any package URL.
    pub without_purl: usize,
}

/// A package URL that is no release of an ecosystem that is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SkippedPurl {
    pub purl: String,
    pub why: String,
}

/// The releases alone; see [`read_sbom`].
///
/// # Errors
/// As [`read_sbom`].
pub fn releases_in_sbom(bytes: &[u8]) -> Result<Vec<Release>, SbomError> {
    read_sbom(bytes).map(|contents| contents.releases)
}

/// Reads a CycloneDX or SPDX JSON document of at most 256 MiB.
///
/// # Errors
/// When the bytes are too many, no JSON, or no document of a version that is read.
pub fn read_sbom(bytes: &[u8]) -> Result<SbomContents, SbomError> {
    if bytes.len() > MAX_BYTES {
        return Err(SbomError::TooLarge { limit: MAX_BYTES });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let document: Value = serde_json::from_slice(bytes).map_err(SbomError::NotJson)?;
    let purls = match (text(&document, "bomFormat"), text(&document, "specVersion"), text(&document, "spdxVersion")) {
        (Some("CycloneDX"), Some(version), _) if CYCLONEDX_VERSIONS.contains(&version) => cyclonedx_purls(&document),
        (Some("CycloneDX"), version, _) => {
            return Err(unknown(&format!("CycloneDX {}", version.unwrap_or("without version"))));
        }
        (_, _, Some(version)) if version.starts_with("SPDX-2.") => spdx_purls(&document),
        (_, _, Some(version)) => return Err(unknown(version)),
        _ => return Err(unknown("a document that is neither CycloneDX nor SPDX")),
    };
    Ok(contents(&purls))
}

/// Nested components too; the recursion is as deep as the JSON parser let it become (128).
fn cyclonedx_purls(document: &Value) -> Vec<Option<&str>> {
    let mut purls = Vec::new();
    // The subject of the document counts when it is a release itself.
    if let Some(subject) = document.pointer("/metadata/component") {
        purls.extend(text(subject, "purl").map(Some));
        collect(items(subject, "components"), &mut purls);
    }
    collect(items(document, "components"), &mut purls);
    purls
}

fn collect<'a>(components: &'a [Value], purls: &mut Vec<Option<&'a str>>) {
    for component in components {
        purls.push(text(component, "purl"));
        collect(items(component, "components"), purls);
    }
}

fn spdx_purls(document: &Value) -> Vec<Option<&str>> {
    let mut purls = Vec::new();
    for package in items(document, "packages") {
        let references = items(package, "externalRefs").iter();
        let found =
            references.filter(|r| text(r, "referenceType") == Some("purl")).filter_map(|r| text(r, "referenceLocator"));
        let before = purls.len();
        purls.extend(found.map(Some));
        if purls.len() == before {
            purls.push(None);
        }
    }
    purls
}

fn contents(purls: &[Option<&str>]) -> SbomContents {
    let (mut releases, mut skipped) = (BTreeSet::new(), BTreeSet::new());
    for purl in purls.iter().flatten() {
        match purl.parse::<Release>() {
            Ok(release) => {
                releases.insert(as_spelled(release, purl));
            }
            Err(e) => {
                skipped.insert(SkippedPurl { purl: purl.chars().take(500).collect(), why: e.to_string() });
            }
        }
    }
    SbomContents {
        releases: releases.into_iter().collect(),
        skipped: skipped.into_iter().collect(),
        without_purl: purls.iter().filter(|p| p.is_none()).count(),
    }
}

/// Parsing a package URL lowers an npm name, though npm has old packages that differ in case alone; where the
/// writer kept the case, so do we.
fn as_spelled(release: Release, purl: &str) -> Release {
    match spelled_npm_name(purl) {
        Some(name) if release.ecosystem == Ecosystem::Npm => Release::new(Ecosystem::Npm, &name, &release.version),
        _ => release,
    }
}

/// `scope/name` as an npm package URL spells it; `None` where it is anything else or cannot be decoded.
pub(crate) fn spelled_npm_name(purl: &str) -> Option<String> {
    let rest = purl.strip_prefix("pkg:npm/")?;
    let rest = rest.split(['?', '#']).next()?;
    let encoded = rest.rfind('@').filter(|at| *at > 0).map_or(rest, |at| &rest[..at]);
    percent_decode(encoded).filter(|name| !name.is_empty())
}

fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        decoded.push(if byte == b'%' { u8::try_from(digit()? * 16 + digit()?).ok()? } else { byte });
    }
    String::from_utf8(decoded).ok()
}

fn text<'a>(holder: &'a Value, key: &str) -> Option<&'a str> {
    holder.get(key).and_then(Value::as_str)
}

fn items<'a>(holder: &'a Value, key: &str) -> &'a [Value] {
    holder.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn unknown(what: &str) -> SbomError {
    SbomError::UnknownFormat(what.chars().take(80).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(document: Value) -> Result<SbomContents, SbomError> {
        read_sbom(document.to_string().as_bytes())
    }

    #[test]
    fn cyclonedx_of_every_version_with_nested_components() {
        for version in CYCLONEDX_VERSIONS {
            let contents = read(json!({"bomFormat": "CycloneDX", "specVersion": version,
                "metadata": {"component": {"purl": "pkg:npm/app@1.0.0"}},
                "components": [
                    {"name": "x", "purl": "pkg:pypi/Zope.Interface@5.0?extension=whl", "components": [{"purl": "pkg:cargo/serde@1.0.0"}]},
                    {"name": "y", "purl": "pkg:cargo/serde@1.0.0"}, {"name": "z"}, {"purl": "pkg:npm/unversioned"},
                    {"purl": "pkg:deb/debian/curl@7.50"}, {"purl": "curl"},
                ]})).unwrap();
            assert_eq!(
                contents.releases,
                [
                    Release::new(Ecosystem::Npm, "app", "1.0.0"),
                    Release::new(Ecosystem::Pypi, "zope-interface", "5.0"),
                    Release::new(Ecosystem::Cargo, "serde", "1.0.0")
                ]
            );
            assert_eq!((contents.skipped.len(), contents.without_purl), (3, 1));
        }
    }

    #[test]
    fn spdx_packages_by_their_external_references() {
        let reference = |kind: &str, locator: &str| json!({"referenceCategory": "PACKAGE_MANAGER", "referenceType": kind, "referenceLocator": locator});
        let contents = read(json!({"spdxVersion": "SPDX-2.2", "packages": [
            {"externalRefs": [reference("cpe23Type", "cpe:2.3:a"), reference("purl", "pkg:npm/%40a/b@1.0.0")]},
            {"name": "root"},
        ]}))
        .unwrap();
        assert_eq!(
            (contents.releases, contents.without_purl),
            (vec![Release::new(Ecosystem::Npm, "@a/b", "1.0.0")], 1)
        );
    }

    #[test]
    fn the_case_of_an_npm_name_stays_as_written() {
        for (purl, name) in [
            ("pkg:npm/JSONStream@1.3.5", "JSONStream"),
            ("pkg:npm/%40Scope/Name@1.0.0?a=b@c#d", "@Scope/Name"),
            ("pkg:npm/@scope/name@1.0.0", "@scope/name"),
        ] {
            let contents =
                read(json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"purl": purl}]})).unwrap();
            assert_eq!(contents.releases[0].name, name);
        }
    }

    #[test]
    fn what_is_not_read_is_said() {
        for (document, part) in [
            (json!({"bomFormat": "CycloneDX", "specVersion": "1.2"}), "CycloneDX 1.2"),
            (json!({"bomFormat": "CycloneDX"}), "without version"),
            (json!({"spdxVersion": "SPDX-3.0"}), "SPDX-3.0"),
            (json!({"lockfileVersion": 3}), "neither"),
            (json!([]), "neither"),
        ] {
            let error = read(document).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(matches!(read_sbom(b"SPDXVersion: SPDX-2.3"), Err(SbomError::NotJson(_))));
    }

    proptest! {
        #[test]
        fn any_shape_is_read_or_refused(text in "\\PC{0,40}", number: i64) {
            for value in [json!(text), json!(number), json!([text, number]), json!({&text: number}), json!([{"purl": text, "components": [{"purl": number}]}])] {
                let _ = read(json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": value, "metadata": {"component": value}}));
                let _ = read(json!({"spdxVersion": "SPDX-2.3", "packages": value}));
            }
            let _ = read_sbom(text.as_bytes());
        }
    }
}
