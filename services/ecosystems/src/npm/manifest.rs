//! What `package.json` claims: licence, repository, and the scripts that run on installation.

use super::document::{Document, License, Repository};
use crate::address::without_credentials;
use lockgate_model::Claims;

/// The scripts that npm runs when it installs a package from a registry, in the order in which it runs them.
/// `prepare` is none of them: it runs for git dependencies and for the project itself.
const INSTALL_SCRIPTS: [&str; 3] = ["preinstall", "install", "postinstall"];
/// Run where a package has a `binding.gyp` and no script of its own for it.
const IMPLIED_INSTALL: &str = "install: node-gyp rebuild";
/// Longest field that is kept, in bytes.
const MAX_FIELD: usize = 8 * 1024;

/// Whether `path` of a tarball is the package's manifest, or the `binding.gyp` that implies an install script.
/// npm drops the outermost folder, whatever its name.
pub(super) fn is_manifest(path: &str) -> bool {
    path.split_once('/').is_some_and(|(_, inside)| matches!(inside, "package.json" | "binding.gyp"))
}

/// The claims of the file at `path`.
pub(super) fn claims(path: &str, manifest: &[u8]) -> Claims {
    if path.ends_with("binding.gyp") {
        return Claims { install_scripts: vec![IMPLIED_INSTALL.to_owned()], ..Claims::default() };
    }
    let manifest = manifest.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(manifest);
    serde_json::from_slice(manifest).map(|document| claims_of(&document)).unwrap_or_default()
}

pub(super) fn claims_of(document: &Document) -> Claims {
    let (license, license_file) = license(document);
    Claims {
        license,
        license_file,
        repository: document.repository.0.as_ref().and_then(repository),
        homepage: field(document.homepage.0.as_deref()).map(|address| without_credentials(&address)),
        description: field(document.description.0.as_deref()),
        install_scripts: install_scripts(document),
    }
}

fn field(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|t| !t.is_empty() && t.len() <= MAX_FIELD).map(str::to_owned)
}

/// The licence expression, or the file that npm's `SEE LICENSE IN` names.
fn license(document: &Document) -> (Option<String>, Option<String>) {
    let stated = document.license.0.as_ref().and_then(|license| field(Some(license.name())));
    let Some(stated) = stated.or_else(|| any_of(document.licenses.0.as_deref().unwrap_or_default())) else {
        return (None, None);
    };
    match stated.strip_prefix("SEE LICENSE IN ") {
        Some(file) => (None, field(Some(file))),
        None => (Some(stated), None),
    }
}

/// The old `licenses` list: the user may choose one.
fn any_of(licenses: &[License]) -> Option<String> {
    let names: Vec<_> = licenses.iter().filter_map(|license| field(Some(license.name()))).collect();
    match &names[..] {
        [] => None,
        [one] => Some(one.clone()),
        several => field(Some(&format!("({})", several.join(" OR ")))),
    }
}

impl License {
    fn name(&self) -> &str {
        match self {
            Self::Text(name) | Self::Typed { name } => name,
        }
    }
}

/// The repository's address; npm's shorthands `github:a/b` and `a/b` are written out.
fn repository(repository: &Repository) -> Option<String> {
    let (Repository::Text(text) | Repository::Typed { url: text }) = repository;
    let text = field(Some(text))?;
    let shorthand = text.strip_prefix("github:").or_else(|| is_shorthand(&text).then_some(text.as_str()));
    match shorthand {
        Some(name) => Some(format!("https://github.com/{name}")),
        None => Some(without_credentials(text.strip_prefix("git+").unwrap_or(&text))),
    }
}

fn is_shorthand(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name) && !owner.starts_with('.'))
}

fn install_scripts(document: &Document) -> Vec<String> {
    let none = Vec::new();
    let scripts = document.scripts.0.as_ref().map_or(&none, |scripts| &scripts.0);
    // The last of equal keys counts, as for npm.
    let script =
        |name: &str| scripts.iter().rev().find(|(key, _)| key == name).and_then(|(_, value)| value.0.as_deref());
    let stated = INSTALL_SCRIPTS.iter().filter_map(|name| Some((name, script(name).filter(|s| !s.trim().is_empty())?)));
    let mut commands: Vec<_> = stated.map(|(name, command)| format!("{name}: {command}")).collect();
    let own = script("preinstall").or(script("install")).is_some();
    if document.gypfile.0 == Some(true) && !own {
        commands.insert(0, IMPLIED_INSTALL.to_owned());
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(manifest: &str) -> Claims {
        claims("package/package.json", manifest.as_bytes())
    }

    #[test]
    fn every_shape_of_licence_is_read() {
        for (manifest, license, file) in [
            (r#"{"license":"MIT"}"#, Some("MIT"), None),
            (r#"{"license":{"type":"ISC","url":"x"}}"#, Some("ISC"), None),
            (r#"{"licenses":[{"type":"MIT"},{"type":"Apache-2.0"}]}"#, Some("(MIT OR Apache-2.0)"), None),
            (r#"{"licenses":["BSD"]}"#, Some("BSD"), None),
            (r#"{"license":"SEE LICENSE IN EULA.md"}"#, None, Some("EULA.md")),
            (r#"{"license":7,"licenses":[]}"#, None, None),
            (r#"{"license":" "}"#, None, None),
            ("not json", None, None),
        ] {
            let claims = of(manifest);
            assert_eq!((claims.license.as_deref(), claims.license_file.as_deref()), (license, file), "{manifest}");
        }
    }

    #[test]
    fn repositories_are_written_out_and_lose_credentials() {
        for (manifest, expected) in [
            (r#"{"repository":"github:a/b"}"#, "https://github.com/a/b"),
            (r#"{"repository":"a/b.js"}"#, "https://github.com/a/b.js"),
            (
                r#"{"repository":{"type":"git","url":"git+https://u:p@git.example.test/a.git"}}"#,
                "https://git.example.test/a.git",
            ),
            (r#"{"repository":"gist:11081aaa281"}"#, "gist:11081aaa281"),
        ] {
            assert_eq!(of(manifest).repository.as_deref(), Some(expected));
        }
    }

    #[test]
    fn scripts_that_run_on_installation_are_told_from_others() {
        let manifest =
            r#"{"scripts":{"test":"x","postinstall":"node a.js","prepare":"y","preinstall":"node b.js","install":""}}"#;
        assert_eq!(of(manifest).install_scripts, ["preinstall: node b.js", "postinstall: node a.js"]);
        let gyp = r#"{"gypfile":true,"scripts":{"postinstall":"z"}}"#;
        assert_eq!(of(gyp).install_scripts, ["install: node-gyp rebuild", "postinstall: z"]);
        assert_eq!(claims("package/binding.gyp", b"{}").install_scripts, ["install: node-gyp rebuild"]);
        assert!(of(r#"{"scripts":[1]}"#).install_scripts.is_empty());
    }

    #[test]
    fn the_manifest_stands_in_the_outermost_folder_whatever_its_name() {
        for path in ["package/package.json", "node/package.json", "package/binding.gyp"] {
            assert!(is_manifest(path), "{path}");
        }
        for path in ["package.json", "package/lib/package.json", "package/package.json5"] {
            assert!(!is_manifest(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_claim_something_or_nothing(bytes: Vec<u8>) {
            let _ = claims("package/package.json", &bytes);
        }
    }
}
