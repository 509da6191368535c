//! What a file is for: when its code runs.

use lockgate_archive::Contents;
use serde_json::Value;
use std::collections::BTreeSet;

/// The role of a file, the likeliest to run first. A hint from its path, which the attacker chooses; no role is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Runs when the package is installed or built.
    Install,
    /// Says what is run, or what else is fetched.
    Manifest,
    /// Runs when the package is loaded.
    Entry,
    Source,
    /// Made by a program for a program.
    Bundle,
    Test,
    Document,
    Other,
}

/// Code that a line of which is this long on average was not written by hand.
const HAND_WRITTEN: usize = 300;

impl Role {
    /// As features hold it: 0 for the likeliest to run.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Whether what it says is run.
    pub(crate) fn is_code(self) -> bool {
        matches!(self, Self::Install | Self::Entry | Self::Source | Self::Bundle)
    }

    /// `path` is below the package's top folder. `hooks`: see [`install_scripts`].
    pub fn of(path: &str, text: &str, hooks: &BTreeSet<String>) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        if hooks.contains(path)
            || matches!(name, "setup.py" | "build.rs" | "binding.gyp" | "conftest.py" | "sitecustomize.py")
            || extension == "pth"
        {
            return Self::Install;
        }
        if matches!(
            name,
            "package.json"
                | "pyproject.toml"
                | "setup.cfg"
                | "Cargo.toml"
                | "METADATA"
                | "PKG-INFO"
                | "entry_points.txt"
        ) || name.starts_with("requirements") && extension == "txt"
        {
            return Self::Manifest;
        }
        if !is_code(path) {
            let is_text = matches!(extension, "md" | "rst" | "txt" | "html" | "adoc") || extension.is_empty();
            // A program may have no extension: its first line says who runs it.
            return match is_text && !text.starts_with("#!") {
                true => Self::Document,
                false if text.starts_with("#!") => Self::Source,
                false => Self::Other,
            };
        }
        let within = |names: &[&str]| path.split('/').rev().skip(1).any(|part| names.contains(&part));
        if within(&["test", "tests", "__tests__", "spec", "fixtures", "examples", "benches", "benchmarks"]) {
            return Self::Test;
        }
        let lines = text.bytes().filter(|b| *b == b'\n').count() + 1;
        if stem.ends_with(".min") || text.len() / lines > HAND_WRITTEN {
            return Self::Bundle;
        }
        if matches!(stem, "index" | "main" | "__init__" | "__main__" | "lib" | "mod" | "cli") || within(&["bin"]) {
            return Self::Entry;
        }
        Self::Source
    }
}

/// Whether a file is named as a program's text.
pub(crate) fn is_code(path: &str) -> bool {
    const EXTENSIONS: [&str; 28] = [
        "py", "pyi", "pyx", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "rs", "sh", "bash", "ps1", "bat",
        "cmd", "vbs", "php", "rb", "pl", "lua", "c", "h", "cc", "cpp", "go", "pth",
    ];
    path.rsplit_once('.').is_some_and(|(_, extension)| EXTENSIONS.contains(&extension))
}

/// Files that `package.json` runs at installation, by their paths below the top folder.
pub fn install_scripts(contents: &Contents) -> BTreeSet<String> {
    let manifest = contents.strip_root().find(|(path, _)| *path == "package.json");
    let manifest: Option<Value> = manifest.and_then(|(_, file)| serde_json::from_slice(&file.content).ok());
    let mut files = BTreeSet::new();
    let Some(scripts) = manifest.as_ref().and_then(|m| m.get("scripts")) else { return files };
    for hook in ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"] {
        let command = scripts.get(hook).and_then(Value::as_str).unwrap_or_default();
        for word in command.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '&' | '|' | '(' | ')'))
        {
            let word = word.trim_start_matches("./");
            // `node setup` runs setup.js, and `node lib` lib/index.js.
            files.extend(["", ".js", ".cjs", ".mjs", "/index.js"].map(|end| format!("{word}{end}")));
        }
    }
    files.retain(|file| contents.strip_root().any(|(path, _)| path == file));
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::contents;

    fn role(path: &str, text: &str) -> Role {
        Role::of(path, text, &BTreeSet::from(["lib/go.js".to_owned()]))
    }

    #[test]
    fn roles_are_when_code_runs() {
        for (path, expected) in [
            ("setup.py", Role::Install),
            ("src/evil.pth", Role::Install),
            ("lib/go.js", Role::Install),
            ("package.json", Role::Manifest),
            ("requirements-dev.txt", Role::Manifest),
            ("shop/__init__.py", Role::Entry),
            ("bin/run.js", Role::Entry),
            ("src/cart.rs", Role::Source),
            ("dist/a.min.js", Role::Bundle),
            ("tests/test_cart.py", Role::Test),
            ("README.md", Role::Document),
            ("LICENSE", Role::Document),
            ("data/list.bin", Role::Other),
        ] {
            assert_eq!(role(path, "x = 1\n"), expected, "{path}");
        }
        assert_eq!(role("bin/tool", "#!/bin/sh\n"), Role::Source);
        assert_eq!(role("src/one-line.js", &"x();".repeat(200)), Role::Bundle);
    }

    #[test]
    fn scripts_of_hooks_are_found_however_they_are_named() {
        let manifest = r#"{"scripts": {"postinstall": "node ./lib/go && node setup", "test": "node other.js"}}"#;
        let contents = contents(&[
            ("lib/go/index.js", b""),
            ("other.js", b""),
            ("package.json", manifest.as_bytes()),
            ("setup.cjs", b""),
        ]);
        assert_eq!(install_scripts(&contents), BTreeSet::from(["lib/go/index.js".to_owned(), "setup.cjs".to_owned()]));
    }
}
