//! What an update brings that is no text to be read: how its code comes to run, and what cannot be read at all.
//!
//! Yes or no, never how many or how large: a model that counts files learns how packages are packed, not what they do.

use crate::role::{install_scripts, is_code};
use lockgate_archive::{Contents, Diff, File};
use serde_json::Value;
use std::collections::BTreeSet;

/// A fact about what a version adds. Its place here is its place in features and in the model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Fact {
    /// A script that npm runs at installation is named, or its command is another.
    InstallScript,
    /// `setup.py`, `build.rs`, `binding.gyp`: it is new, or other than before.
    BuildScript,
    /// A file that Python runs before any program of ours: `*.pth`, `sitecustomize.py`.
    StartFile,
    /// A package on which the version before did not depend.
    Dependency,
    /// A program or library for a processor, or WebAssembly.
    Native,
    /// An archive, or bytecode of an interpreter, within the package.
    Packed,
    /// A name that begins with a dot, of a file that is code.
    Hidden,
    /// A long run of letters in code that nobody reads, as even as an encoding or a cipher makes it.
    Opaque,
}

impl Fact {
    pub const ALL: [Self; 8] = [
        Self::InstallScript,
        Self::BuildScript,
        Self::StartFile,
        Self::Dependency,
        Self::Native,
        Self::Packed,
        Self::Hidden,
        Self::Opaque,
    ];

    /// Its place: 0 to 7.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// Those that hold for what `difference` adds; [`Fact::Opaque`] is left to who has the tokens. `path`: of a file, below
/// the top folder.
pub(crate) fn facts<'a>(
    old: Option<&Contents>,
    new: &Contents,
    difference: &Diff<'a>,
    path: impl Fn(&'a File) -> &'a str,
) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    let changed = difference.changed.iter().map(|changed| changed.new);
    for file in difference.added.iter().copied().chain(changed) {
        let path = path(file);
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if matches!(path, "setup.py" | "build.rs" | "binding.gyp") {
            facts.insert(Fact::BuildScript);
        }
        if extension == "pth" || name == "sitecustomize.py" {
            facts.insert(Fact::StartFile);
        }
        if name.starts_with('.') && is_code(path) {
            facts.insert(Fact::Hidden);
        }
        facts.extend(binary(file, extension));
    }
    if commands(new).iter().any(|command| !old.is_some_and(|old| commands(old).contains(command))) {
        facts.insert(Fact::InstallScript);
    }
    let before = old.map(dependencies).unwrap_or_default();
    if dependencies(new).iter().any(|name| !before.contains(name)) {
        facts.insert(Fact::Dependency);
    }
    facts
}

/// By the first bytes: a name says what its author wants.
fn binary(file: &File, extension: &str) -> Option<Fact> {
    match &file.content[..] {
        [0x7f, b'E', b'L', b'F', ..] | [b'M', b'Z', _, 0, ..] | [0, b'a', b's', b'm', ..] => Some(Fact::Native),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => Some(Fact::Native),
        [b'P', b'K', 3, 4, ..] | [0x1f, 0x8b, ..] | [b'7', b'z', 0xbc, 0xaf, ..] => Some(Fact::Packed),
        [b'R', b'a', b'r', b'!', ..] | [0xfd, b'7', b'z', b'X', b'Z', ..] => Some(Fact::Packed),
        [_, _, b'\r', b'\n', ..] if matches!(extension, "pyc" | "pyo") => Some(Fact::Packed),
        _ => None,
    }
}

fn manifest(contents: &Contents) -> Option<Value> {
    let file = contents.strip_root().find(|(path, _)| *path == "package.json")?.1;
    serde_json::from_slice(&file.content).ok()
}

/// What npm runs at installation: the hook, its command, and which files that means.
fn commands(contents: &Contents) -> BTreeSet<String> {
    let Some(manifest) = manifest(contents) else { return BTreeSet::new() };
    let command = |hook: &str| Some(format!("{hook} {}", manifest.get("scripts")?.get(hook)?.as_str()?));
    let hooks = ["preinstall", "install", "postinstall"].into_iter().filter_map(command);
    let files = install_scripts(contents).into_iter();
    hooks.chain(files.map(|file| format!("file {file}"))).collect()
}

/// Names of what is fetched with the package, by its manifests.
fn dependencies(contents: &Contents) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut keys = |table: Option<&Value>| {
        names.extend(table.and_then(Value::as_object).into_iter().flat_map(|t| t.keys().cloned()))
    };
    if let Some(manifest) = manifest(contents) {
        keys(manifest.get("dependencies"));
        keys(manifest.get("optionalDependencies"));
    }
    for (path, file) in contents.strip_root() {
        let Ok(text) = std::str::from_utf8(&file.content) else { continue };
        match path.rsplit('/').next().unwrap_or(path) {
            "METADATA" | "PKG-INFO" => {
                let required = text.lines().filter_map(|line| line.strip_prefix("Requires-Dist:"));
                let name = |rest: &str| {
                    let rest = rest.trim_start();
                    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
                    rest[..end.unwrap_or(rest.len())].to_ascii_lowercase()
                };
                names.extend(required.map(name));
            }
            "Cargo.toml" if path == "Cargo.toml" => names.extend(crates(text)),
            _ => {}
        }
    }
    names
}

/// As cargo writes a published manifest: a table a dependency, or a key in the table of all.
fn crates(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            let last = table.rsplit('.').next().unwrap_or(table);
            inside = matches!(last, "dependencies" | "build-dependencies");
            let mut parts = table.rsplit('.');
            let name = parts.next().unwrap_or_default();
            if !inside && matches!(parts.next(), Some("dependencies" | "build-dependencies")) {
                names.insert(name.trim_matches('"').to_owned());
            }
        } else if let (true, Some((key, _))) = (inside, line.split_once('=')) {
            let key = key.trim().trim_matches('"');
            names.insert(key.split('.').next().unwrap_or(key).to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::contents;
    use lockgate_archive::diff;

    fn found(old: &[(&str, &[u8])], new: &[(&str, &[u8])]) -> Vec<Fact> {
        let (old, new) = (contents(old), contents(new));
        facts(Some(&old), &new, &diff(Some(&old), &new), |file: &File| file.path.trim_start_matches("package/"))
            .into_iter()
            .collect()
    }

    #[test]
    fn a_script_of_npm_counts_when_its_command_is_new() {
        let with = |scripts: &str| format!(r#"{{"scripts": {scripts}, "dependencies": {{"a": "1"}}}}"#);
        let (old, new) = (with(r#"{"test": "x"}"#), with(r#"{"test": "y", "postinstall": "node a.js"}"#));
        let pair = |text: &'_ str| vec![("package.json".to_owned(), text.as_bytes().to_vec())];
        let check = |old: &str, new: &str| {
            let (old, new) = (pair(old), pair(new));
            found(&[(&old[0].0, &old[0].1)], &[(&new[0].0, &new[0].1)])
        };
        assert_eq!(check(&old, &new), [Fact::InstallScript]);
        assert_eq!(check(&new, &new.replace('y', "z")), []);
    }

    #[test]
    fn dependencies_are_read_where_each_registry_has_them() {
        for (path, old, new) in [
            ("package.json", r#"{"dependencies": {"a": "1"}}"#, r#"{"dependencies": {"a": "1", "b": "1"}}"#),
            ("PKG-INFO", "Requires-Dist: a>=1\n", "Requires-Dist: a>=2\nRequires-Dist: b (>1)\n"),
            ("Cargo.toml", "[dependencies.a]\nversion = \"1\"\n", "[dependencies]\na = \"1\"\nb = \"1\"\n"),
            ("Cargo.toml", "[dependencies]\na = \"1\"\n", "[target.\"x\".dependencies.b]\nversion = \"1\"\n"),
        ] {
            assert_eq!(found(&[(path, old.as_bytes())], &[(path, new.as_bytes())]), [Fact::Dependency], "{path}");
        }
        assert_eq!(found(&[("PKG-INFO", b"Requires-Dist: A>=1\n")], &[("PKG-INFO", b"Requires-Dist: a[x]\n")]), []);
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_first_bytes() {
        assert_eq!(found(&[], &[("data.txt", b"\x7fELF\x02\x01")]), [Fact::Native]);
        assert_eq!(found(&[], &[("logo.png", b"PK\x03\x04")]), [Fact::Packed]);
        assert_eq!(found(&[("a.so", b"\x7fELF\x02")], &[("a.so", b"\x7fELF\x02")]), []);
    }

    #[test]
    fn a_file_that_runs_by_itself_is_a_fact() {
        assert_eq!(found(&[("setup.py", b"a")], &[("setup.py", b"b")]), [Fact::BuildScript]);
        assert_eq!(found(&[], &[("src/x.pth", b"import os\n")]), [Fact::StartFile]);
        assert_eq!(found(&[], &[("lib/.a.js", b"run()\n")]), [Fact::Hidden]);
    }
}
