//! What a repository takes from elsewhere without a lockfile: actions, container images, submodules, hooks.
//!
//! Whoever can move a tag (the owner of an action, of an image, of a hook's repository, or whoever took their account)
//! changes what runs in a repository that names the tag, without any change in it. A full commit id or a digest cannot
//! be moved. This crate says what is named where; whether it may be named so is policy's.
//!
//! Pure: the text of a file goes in, pins with their lines come out. The text comes from a pull request, so it is read in
//! bounds and never expanded: an alias of YAML is not followed, and a variable is not guessed. One folder or file for a
//! kind of file; [`FILES`] is the explicit list.

mod action;
mod change;
mod compose;
mod container;
mod hook;
mod image;
mod submodule;
mod text;
mod yaml;

pub use change::changes;
pub use submodule::{Submodule, submodule_changes, submodules};

use lockgate_model::Pin;

/// Largest file that is read, in bytes. Workflows and build files are written by people.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Most pins of one file.
pub const MAX_PINS: usize = 10_000;

/// A kind of file that names what is taken from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `.github/workflows/*.yml`.
    Workflow,
    /// `action.yml`, in any folder.
    Action,
    /// `Dockerfile`, `Containerfile`, `NAME.Dockerfile`.
    Container,
    /// `compose.yaml`, `docker-compose.yml`, `docker-compose.NAME.yml`.
    Compose,
    /// `.pre-commit-config.yaml`.
    Hooks,
}

/// Why a file cannot be read: a fact about the pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// 1-based, where known.
    pub line: Option<u32>,
    pub message: String,
}

/// Every kind of file, with who knows it by its path and who reads it.
type Row = (FileKind, fn(&str) -> bool, fn(&str) -> Result<Vec<Pin>, ReadError>);
static FILES: [Row; 5] = [
    (FileKind::Workflow, action::is_workflow, action::workflow),
    (FileKind::Action, action::is_action, action::action),
    (FileKind::Container, container::is_container_file, container::read),
    (FileKind::Compose, compose::is_compose_file, compose::read),
    (FileKind::Hooks, hook::is_hook_file, hook::read),
];

/// The kind of the file at a repository path; `None` for every other file. What lies in an installed tree belongs to a
/// dependency.
pub fn kind(path: &str) -> Option<FileKind> {
    if path.split('/').any(|part| part == "node_modules") {
        return None;
    }
    FILES.iter().find(|(_, fits, _)| fits(path)).map(|(kind, ..)| *kind)
}

/// The pins of a file, in the order in which they stand there.
///
/// # Errors
/// When the file is too large, is no text, or not of its format: then nothing is known of what it names.
pub fn read(kind: FileKind, content: &[u8]) -> Result<Vec<Pin>, ReadError> {
    let fail = |message: String| Err(ReadError { line: None, message });
    if content.len() > MAX_BYTES {
        return fail(format!("it is larger than {} MiB", MAX_BYTES >> 20));
    }
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    let Ok(text) = std::str::from_utf8(content) else { return fail("it is not UTF-8 text".to_owned()) };
    let (.., read) = FILES.iter().find(|(of, ..)| *of == kind).expect("every kind is in the list");
    let pins = read(text)?;
    if pins.len() > MAX_PINS {
        return fail(format!("it names more than {MAX_PINS} things from elsewhere; split the file"));
    }
    Ok(pins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_paths() {
        for (path, expected) in [
            (".github/workflows/ci.yml", Some(FileKind::Workflow)),
            (".github/workflows/release.yaml", Some(FileKind::Workflow)),
            (".github/workflows/deep/ci.yml", None),
            ("a/.github/workflows/ci.yml", None),
            ("action.yml", Some(FileKind::Action)),
            (".github/actions/setup/action.yaml", Some(FileKind::Action)),
            ("reaction.yml", None),
            ("Dockerfile", Some(FileKind::Container)),
            ("deploy/Containerfile", Some(FileKind::Container)),
            ("Dockerfile.dev", Some(FileKind::Container)),
            ("web.Dockerfile", Some(FileKind::Container)),
            ("Dockerfile.dockerignore", None),
            ("docs/Dockerfiles.md", None),
            ("compose.yaml", Some(FileKind::Compose)),
            ("deploy/docker-compose.prod.yml", Some(FileKind::Compose)),
            ("compose.md", None),
            (".pre-commit-config.yaml", Some(FileKind::Hooks)),
            ("a/.pre-commit-config.yaml", None),
            ("node_modules/a/Dockerfile", None),
            ("", None),
        ] {
            assert_eq!(kind(path), expected, "{path}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_empty_file() {
        assert!(read(FileKind::Workflow, b"\xFF").is_err());
        assert!(read(FileKind::Workflow, b"jobs: [").is_err());
        assert!(read(FileKind::Container, &vec![b' '; MAX_BYTES + 1]).is_err());
        let many = "FROM a\n".repeat(MAX_PINS + 1);
        assert!(read(FileKind::Container, many.as_bytes()).is_err());
        assert_eq!(read(FileKind::Workflow, b"\xEF\xBB\xBFjobs: {}"), Ok(vec![]));
    }
}
