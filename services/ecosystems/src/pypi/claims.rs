//! What a Python distribution says of itself: core metadata, and what runs when it is built.

use super::classifiers;
use lockgate_model::{Claims, PublishedFileKind};
use serde::Deserialize;

/// Longest metadata header that is read; descriptions come after or are not needed whole.
const MAX_HEADER: usize = 1024 * 1024;
/// A `License` field longer than this, or of several lines, is a licence's text and no name of one.
const MAX_LICENSE: usize = 120;

/// `<name>.dist-info/METADATA` of a wheel; `PKG-INFO`, `setup.py` and `pyproject.toml` at the root of a source
/// distribution, with or without its top folder. Any top folder counts, since installers take any.
pub(super) fn is_manifest(kind: PublishedFileKind, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match (kind, parts.as_slice()) {
        (PublishedFileKind::Wheel, [folder, "METADATA"]) => folder.ends_with(".dist-info"),
        (PublishedFileKind::Sdist, [file]) => is_root_file(file),
        (PublishedFileKind::Sdist, [folder, file]) => !folder.ends_with(".egg-info") && is_root_file(file),
        _ => false,
    }
}

fn is_root_file(file: &str) -> bool {
    matches!(file, "PKG-INFO" | "setup.py" | "pyproject.toml")
}

/// By file name; what cannot be read claims nothing.
pub(super) fn read(path: &str, manifest: &[u8]) -> Claims {
    match path.rsplit('/').next().unwrap_or_default() {
        "METADATA" | "PKG-INFO" => metadata(&String::from_utf8_lossy(&manifest[..manifest.len().min(MAX_HEADER)])),
        "setup.py" => Claims { install_scripts: vec!["setup.py".into()], ..Claims::default() },
        "pyproject.toml" => {
            Claims { install_scripts: build_backend(manifest).into_iter().collect(), ..Claims::default() }
        }
        _ => Claims::default(),
    }
}

/// Core metadata (PEP 241 to 639): header fields as in an e-mail, up to the first empty line.
fn metadata(text: &str) -> Claims {
    let fields = fields(text);
    let first = |name: &str| fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, v)| given(v));
    let all = |name: &'static str| {
        fields.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).filter_map(|(_, value)| given(value))
    };
    let mut by_classifier: Vec<&str> = all("Classifier").filter_map(|c| classifiers::license(&c)).collect();
    by_classifier.dedup();
    // Classifiers cannot say whether several licences are a choice; all of them bind until somebody says so.
    let by_classifier = (!by_classifier.is_empty()).then(|| by_classifier.join(" AND "));

    let named = first("License").filter(|l| l.len() <= MAX_LICENSE && !l.contains('\n'));
    // Prose ("MIT License, see file") is worth less than a classifier.
    let (expression, prose) = match named {
        Some(license) if is_expression_like(&license) => (Some(license), None),
        prose => (None, prose),
    };
    let urls: Vec<(String, String)> = all("Project-URL").filter_map(|url| labelled(&url)).collect();
    let url = |labels: &[&str]| urls.iter().find(|(l, _)| labels.contains(&l.as_str())).map(|(_, url)| url.clone());
    Claims {
        license: first("License-Expression").or(expression).or(by_classifier).or(prose),
        license_file: first("License-File"),
        repository: url(&["source", "sourcecode", "repository", "code", "github", "git", "vcs", "scm"]),
        homepage: first("Home-page").or_else(|| url(&["homepage", "home", "website"])),
        description: first("Summary"),
        install_scripts: Vec::new(),
    }
}

/// Fields in order, continuation lines joined by a line break.
fn fields(text: &str) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line.trim_start());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim(), value.trim().to_owned()));
        }
    }
    fields
}

/// `UNKNOWN` is what old setuptools wrote for nothing.
fn given(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty() && value != "UNKNOWN").then(|| value.to_owned())
}

fn is_expression_like(license: &str) -> bool {
    !license.contains(char::is_whitespace)
        || license.split_whitespace().any(|word| matches!(word, "AND" | "OR" | "WITH"))
}

/// `label, address`; labels are compared as the well-known labels specification says: no punctuation, lower case.
fn labelled(value: &str) -> Option<(String, String)> {
    let (label, url) = value.split_once(',')?;
    let label = label.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Some((label, url.trim().to_owned()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Pyproject {
    build_system: Option<BuildSystem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct BuildSystem {
    build_backend: Option<String>,
    #[serde(default)]
    backend_path: Vec<String>,
}

/// The program that builds a source distribution on the machine that installs it (PEP 517).
fn build_backend(manifest: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(manifest).ok()?;
    let build = toml::from_str::<Pyproject>(text).ok()?.build_system?;
    let backend = build.build_backend?;
    Some(match build.backend_path.as_slice() {
        [] => format!("build-backend: {backend}"),
        folders => format!("build-backend: {backend} (shipped in {})", folders.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn license(headers: &str) -> Option<String> {
        read("a-1.dist-info/METADATA", headers.as_bytes()).license
    }

    #[test]
    fn manifests_are_found_where_installers_look() {
        for (kind, path) in [
            (PublishedFileKind::Wheel, "a-1.dist-info/METADATA"),
            (PublishedFileKind::Sdist, "a-1/PKG-INFO"),
            (PublishedFileKind::Sdist, "anything/setup.py"),
            (PublishedFileKind::Sdist, "pyproject.toml"),
        ] {
            assert!(is_manifest(kind, path), "{path}");
        }
        for (kind, path) in [
            (PublishedFileKind::Wheel, "a/b-1.dist-info/METADATA"),
            (PublishedFileKind::Wheel, "METADATA"),
            (PublishedFileKind::Wheel, "a-1/setup.py"),
            (PublishedFileKind::Sdist, "a-1/a.egg-info/PKG-INFO"),
            (PublishedFileKind::Sdist, "a.egg-info/PKG-INFO"),
            (PublishedFileKind::Sdist, "a-1/tests/setup.py"),
            (PublishedFileKind::Other, "a-1/PKG-INFO"),
        ] {
            assert!(!is_manifest(kind, path), "{path}");
        }
    }

    #[test]
    fn the_clearest_licence_wins() {
        let classifier = "Classifier: License :: OSI Approved :: MIT License\n";
        for (headers, expected) in [
            ("License: BSD\nLicense-Expression: MIT OR Apache-2.0\n".to_owned(), Some("MIT OR Apache-2.0")),
            (format!("License: BSD-3-Clause\n{classifier}"), Some("BSD-3-Clause")),
            (format!("License: MIT License, see below\n{classifier}"), Some("MIT")),
            (format!("License: UNKNOWN\n{classifier}"), Some("MIT")),
            (format!("License: Permission is granted\n        to anybody\n{classifier}"), Some("MIT")),
            ("License: The Licence\n".to_owned(), Some("The Licence")),
            (format!("{classifier}{classifier}"), Some("MIT")),
            (
                format!("{classifier}Classifier: License :: OSI Approved :: Apache Software License\n"),
                Some("MIT AND Apache-2.0"),
            ),
            ("Name: a\n\nLicense: MIT\n".to_owned(), None),
        ] {
            assert_eq!(license(&headers).as_deref(), expected, "{headers}");
        }
    }

    #[test]
    fn addresses_and_summary_are_claimed() {
        let text = "Summary: does it\nHome-page: https://a.example.test\nProject-URL: Source Code, https://b.example.test/x,y\n\nbody";
        let claims = read("PKG-INFO", text.as_bytes());
        assert_eq!(claims.repository.as_deref(), Some("https://b.example.test/x,y"));
        assert_eq!(claims.homepage.as_deref(), Some("https://a.example.test"));
        assert_eq!(claims.description.as_deref(), Some("does it"));
    }

    #[test]
    fn what_runs_on_installation_is_claimed() {
        assert_eq!(read("a-1/setup.py", b"").install_scripts, ["setup.py"]);
        let ours = b"[build-system]\nrequires = []\nbuild-backend = \"b\"\nbackend-path = [\".\"]\n";
        assert_eq!(read("a-1/pyproject.toml", ours).install_scripts, ["build-backend: b (shipped in .)"]);
        for nothing in [&b"[project]"[..], b"\xFF", b"[build-system"] {
            assert_eq!(read("pyproject.toml", nothing), Claims::default());
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(manifest: Vec<u8>, index in 0usize..3) {
            let _ = read(["METADATA", "setup.py", "pyproject.toml"][index], &manifest);
        }
    }
}
