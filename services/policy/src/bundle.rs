//! A bundle as files: where they are read from, what they may be called, the digest that names them.

use crate::PolicyError;
use lockgate_model::Digest;
use std::{collections::BTreeMap, fs, io::Read as _, path::Path};

/// Content by path relative to the bundle's folder, `/` separated.
pub type Files = BTreeMap<String, String>;

const MAX_FILES: usize = 1000;
/// The engine's own bound for one Rego file.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
const MAX_DEPTH: usize = 8;

/// What a file of a bundle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Rule,
    Test,
    /// `data/<stem>.json`, seen by rules as `data.<stem>`.
    Data,
    /// Not of the bundle (a README).
    Other,
}

pub(crate) fn role(path: &str) -> Role {
    let hidden = path.split('/').any(|part| part.starts_with('.'));
    if hidden {
        Role::Other
    } else if path.ends_with("_test.rego") {
        Role::Test
    } else if path.ends_with(".rego") {
        Role::Rule
    } else if path.strip_prefix("data/").is_some_and(|name| name.ends_with(".json") && !name.contains('/')) {
        Role::Data
    } else {
        Role::Other
    }
}

/// Reads every rule, test and data file under `dir`. Links are followed, since configuration is often mounted
/// that way; hidden entries are skipped.
pub(crate) fn read(dir: &Path) -> Result<Files, PolicyError> {
    let mut files = Files::new();
    read_folder(dir, "", MAX_DEPTH, &mut files)?;
    Ok(files)
}

fn read_folder(dir: &Path, prefix: &str, depth: usize, files: &mut Files) -> Result<(), PolicyError> {
    let failed = |error: std::io::Error| PolicyError::Read { path: name_of(dir, prefix), message: error.to_string() };
    if depth == 0 {
        return Err(PolicyError::TooLarge { limit: "8 nested folders" });
    }
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = fs::metadata(entry.path()).map_err(failed)?;
        if kind.is_dir() {
            read_folder(&entry.path(), &format!("{path}/"), depth - 1, files)?;
        } else if kind.is_file() && role(&path) != Role::Other {
            let content = read_file(&entry.path(), &path)?;
            files.insert(path, content);
            if files.len() > MAX_FILES {
                return Err(PolicyError::TooLarge { limit: "1,000 files" });
            }
        }
    }
    Ok(())
}

fn read_file(file: &Path, path: &str) -> Result<String, PolicyError> {
    let failed = |error: std::io::Error| PolicyError::Read { path: path.to_owned(), message: error.to_string() };
    let mut content = String::new();
    let opened = fs::File::open(file).map_err(failed)?;
    opened.take(MAX_FILE_BYTES + 1).read_to_string(&mut content).map_err(failed)?;
    if content.len() as u64 > MAX_FILE_BYTES {
        return Err(PolicyError::TooLarge { limit: "1 MiB in one file" });
    }
    Ok(content)
}

fn name_of(dir: &Path, prefix: &str) -> String {
    if prefix.is_empty() { dir.display().to_string() } else { prefix.to_owned() }
}

/// What decides: rules and data, without tests and anything else.
pub(crate) fn deciding(files: Files) -> Files {
    files.into_iter().filter(|(path, _)| matches!(role(path), Role::Rule | Role::Data)).collect()
}

/// SHA-256 over the lines `<path> NUL sha256:<hex of the content> LF`, sorted by path. Tests do not count: they
/// decide nothing.
pub(crate) fn digest(files: &Files) -> Digest {
    let lines: String = files
        .iter()
        .filter(|(path, _)| matches!(role(path), Role::Rule | Role::Data))
        .map(|(path, content)| format!("{path}\0{}\n", Digest::sha256(content.as_bytes())))
        .collect();
    Digest::sha256(lines.as_bytes())
}

/// The bundle compiled into the binary.
pub(crate) fn embedded() -> Files {
    const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
    EMBEDDED.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_one_role_each() {
        assert_eq!(role("lockgate/a.rego"), Role::Rule);
        assert_eq!(role("lockgate/a_test.rego"), Role::Test);
        assert_eq!(role("data/licenses.json"), Role::Data);
        for other in ["README.md", "data/more/licenses.json", "licenses.json", ".git/a.rego", "data/.x.json"] {
            assert_eq!(role(other), Role::Other, "{other}");
        }
    }

    #[test]
    fn the_digest_depends_on_rules_and_data_alone() {
        let mut files: Files = [("a.rego", "x"), ("data/d.json", "{}")].map(|(p, c)| (p.into(), c.into())).into();
        let digest_before = digest(&files);
        files.insert("a_test.rego".into(), "y".into());
        assert_eq!(digest(&files), digest_before);
        files.insert("b.rego".into(), String::new());
        assert_ne!(digest(&files), digest_before);
    }

    #[test]
    fn content_cannot_move_between_files_unseen() {
        let one: Files = [("a.rego".to_owned(), "xy".to_owned()), ("b.rego".into(), "z".into())].into();
        let two: Files = [("a.rego".to_owned(), "x".to_owned()), ("b.rego".into(), "yz".into())].into();
        assert_ne!(digest(&one), digest(&two));
    }
}
