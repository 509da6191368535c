//! What a crate says of itself: `Cargo.toml`, and what runs when it is compiled.

use lockgate_model::Claims;
use serde::Deserialize;
use toml::Value;

#[derive(Debug, Default, Deserialize)]
struct Manifest {
    #[serde(default)]
    package: Package,
    #[serde(default)]
    lib: Lib,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    license: Option<String>,
    license_file: Option<String>,
    repository: Option<String>,
    homepage: Option<String>,
    description: Option<String>,
    /// A path, or `false`.
    build: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lib {
    #[serde(default, alias = "proc_macro")]
    proc_macro: bool,
}

/// `Cargo.toml` and `build.rs` at the root of the crate, with or without the top folder.
pub(super) fn is_manifest(path: &str) -> bool {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        [file] => is_root_file(file),
        // Cargo unpacks `name-version/` alone, so nothing else is a top folder.
        [folder, file] => is_release_folder(folder) && is_root_file(file),
        _ => false,
    }
}

fn is_root_file(file: &str) -> bool {
    matches!(file, "Cargo.toml" | "build.rs")
}

fn is_release_folder(folder: &str) -> bool {
    folder.match_indices('-').any(|(at, _)| semver::Version::parse(&folder[at + 1..]).is_ok())
}

/// By file name; what cannot be read claims nothing.
pub(super) fn read(path: &str, manifest: &[u8]) -> Claims {
    match path.rsplit('/').next().unwrap_or_default() {
        "Cargo.toml" => std::str::from_utf8(manifest).map(of_manifest).unwrap_or_default(),
        // Compiled and run on the machine that builds, unless the manifest turns it off.
        "build.rs" => Claims { install_scripts: vec!["build.rs".into()], ..Claims::default() },
        _ => Claims::default(),
    }
}

fn of_manifest(text: &str) -> Claims {
    let Ok(Manifest { package, lib }) = toml::from_str::<Manifest>(text) else { return Claims::default() };
    let build = match &package.build {
        Some(Value::String(path)) => Some(path.clone()),
        Some(Value::Boolean(true)) => Some("build.rs".to_owned()),
        _ => None,
    };
    // A procedural macro runs inside the compiler.
    let proc_macro = lib.proc_macro.then(|| "proc-macro".to_owned());
    Claims {
        license: package.license,
        license_file: package.license_file,
        repository: package.repository,
        homepage: package.homepage,
        description: package.description.map(|d| d.trim().to_owned()),
        install_scripts: build.into_iter().chain(proc_macro).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_stand_at_the_root() {
        for path in ["Cargo.toml", "a-b-1.0.0/Cargo.toml", "a-1.0.0-rc.1/build.rs", "build.rs"] {
            assert!(is_manifest(path), "{path}");
        }
        for path in ["a-1.0.0/x/Cargo.toml", "tests/Cargo.toml", "a-1.0.0/Cargo.toml.orig", "src/build.rs", ""] {
            assert!(!is_manifest(path), "{path}");
        }
    }

    #[test]
    fn a_manifest_claims() {
        let claims = read(
            "a-1.0.0/Cargo.toml",
            br#"
                [package]
                name = "a"
                license = "MIT OR Apache-2.0"
                license-file = "L"
                repository = "https://git.example.test/a"
                homepage = "https://a.example.test"
                description = "does it\n"
                build = "src/build.rs"
                [lib]
                proc-macro = true
            "#,
        );
        assert_eq!(
            claims,
            Claims {
                license: Some("MIT OR Apache-2.0".into()),
                license_file: Some("L".into()),
                repository: Some("https://git.example.test/a".into()),
                homepage: Some("https://a.example.test".into()),
                description: Some("does it".into()),
                install_scripts: vec!["src/build.rs".into(), "proc-macro".into()],
            }
        );
    }

    #[test]
    fn a_build_script_is_claimed_by_its_file() {
        assert_eq!(read("a-1.0.0/build.rs", b"\xFF").install_scripts, ["build.rs"]);
        assert!(read("Cargo.toml", b"[package]\nbuild = false").install_scripts.is_empty());
        for nothing in [&b"\xFF"[..], b"", b"[package", b"[package]\nlicense.workspace = true"] {
            assert_eq!(read("Cargo.toml", nothing), Claims::default());
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(manifest: Vec<u8>) {
            let _ = read("Cargo.toml", &manifest);
        }
    }
}
