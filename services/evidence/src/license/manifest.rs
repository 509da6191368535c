//! The licence field of a manifest inside an artifact, for the version before: its claims are not handed over.

use crate::FetchedArtifact;
use lockgate_model::{PublishedFileKind, redact::redacted};
use serde_json::Value;

/// Larger manifests are not read.
const MAX_BYTES: usize = 1024 * 1024;

/// The licence field of the first artifact whose manifest has one.
pub(super) fn declared_license(artifacts: &[FetchedArtifact]) -> Option<String> {
    artifacts.iter().find_map(of).map(redacted)
}

fn of(artifact: &FetchedArtifact) -> Option<String> {
    let is_manifest = |path: &str| match artifact.file.kind {
        PublishedFileKind::NpmTarball => path == "package.json",
        PublishedFileKind::Crate => path == "Cargo.toml",
        PublishedFileKind::Sdist => path == "PKG-INFO",
        PublishedFileKind::Wheel => path.ends_with(".dist-info/METADATA") && path.matches('/').count() == 1,
        PublishedFileKind::Other => false,
    };
    // The one top folder of a wheel may be its `.dist-info`, so the whole path is tried as well.
    let (_, file) = artifact.contents.strip_root().find(|(path, file)| is_manifest(path) || is_manifest(&file.path))?;
    let text = std::str::from_utf8(&file.content).ok().filter(|text| text.len() <= MAX_BYTES)?;
    let field = match artifact.file.kind {
        PublishedFileKind::NpmTarball => package_json(text),
        PublishedFileKind::Crate => cargo_toml(text),
        _ => core_metadata(text),
    };
    field.filter(|field| !field.trim().is_empty())
}

/// `license`, in today's form or as `{"type": ...}`, or the old `licenses` list, which offered a choice.
fn package_json(text: &str) -> Option<String> {
    let package: Value = serde_json::from_str(text).ok()?;
    let name = |value: &Value| value.as_str().or_else(|| value.get("type")?.as_str()).map(str::to_owned);
    let list = |value: &Value| {
        let names: Vec<_> = value.as_array()?.iter().filter_map(name).collect();
        (!names.is_empty()).then(|| names.join(" OR "))
    };
    package.get("license").and_then(name).or_else(|| list(package.get("licenses")?))
}

fn cargo_toml(text: &str) -> Option<String> {
    let manifest: toml::Table = text.parse().ok()?;
    manifest.get("package")?.get("license")?.as_str().map(str::to_owned)
}

/// Core metadata: `License-Expression` (PEP 639), else `License`, else the licence classifier.
fn core_metadata(text: &str) -> Option<String> {
    let headers: Vec<(&str, &str)> =
        text.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(": ")).collect();
    let value =
        |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, v)| v.trim());
    let classifier = || {
        headers.iter().find(|(name, v)| *name == "Classifier" && v.starts_with("License :: ")).map(|(_, v)| v.trim())
    };
    let known = |v: &&str| !v.is_empty() && *v != "UNKNOWN";
    value("License-Expression").or_else(|| value("License").filter(known)).or_else(classifier).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_read() {
        assert_eq!(package_json(r#"{"license": "MIT"}"#).as_deref(), Some("MIT"));
        assert_eq!(package_json(r#"{"license": {"type": "ISC"}}"#).as_deref(), Some("ISC"));
        assert_eq!(package_json(r#"{"licenses": [{"type": "MIT"}, "ISC"]}"#).as_deref(), Some("MIT OR ISC"));
        assert_eq!(cargo_toml("[package]\nlicense = \"MIT/Apache-2.0\"").as_deref(), Some("MIT/Apache-2.0"));
        assert_eq!(core_metadata("Name: a\nLicense: BSD\n\nLicense: no").as_deref(), Some("BSD"));
        assert_eq!(
            core_metadata("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License").as_deref(),
            Some("License :: OSI Approved :: MIT License")
        );
    }

    #[test]
    fn broken_manifests_say_nothing() {
        assert_eq!(package_json("{"), None);
        assert_eq!(package_json("[]"), None);
        assert_eq!(cargo_toml("[package"), None);
        assert_eq!(core_metadata(""), None);
    }
}
