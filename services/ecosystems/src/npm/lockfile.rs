//! `package-lock.json` and `npm-shrinkwrap.json`, lockfileVersion 1 to 3.
//!
//! Which layout counts is npm's choice, not ours: where there is a `packages` table, npm 7 and later read it
//! and pass over `dependencies`, whatever the version number says.

use super::entry::Source;
use super::json::{self, Node, Value};
use super::{dependencies, packages};
use crate::position::Lines;
use lockgate_model::{Lockfile, LockfileError, LockfileFormat};

const NEWEST: u32 = 3;

/// Reads a lockfile of npm.
///
/// # Errors
/// When the text is not JSON, or not a lockfile of a known version.
pub(super) fn parse(path: &str, format: LockfileFormat, text: &str) -> Result<Lockfile, LockfileError> {
    let lines = Lines::new(text);
    let source = Source { path, lines: &lines };
    let root = json::parse(text).map_err(|e| source.error(e.at, e.message))?;
    source.object(&root, "the lockfile")?;
    check_version(source, &root)?;
    let releases = match (root.get("packages"), root.get("dependencies")) {
        (Some(table), _) => packages::read(source, source.object(table, "\"packages\"")?)?,
        (None, Some(_)) => dependencies::read(source, &root)?,
        (None, None) if root.get("lockfileVersion").is_some() => Vec::new(),
        (None, None) => {
            return Err(
                source.error(root.at, "it has neither \"packages\" nor \"dependencies\": not a lockfile of npm")
            );
        }
    };
    Ok(Lockfile { path: path.to_owned(), format, root: project(&root), releases })
}

fn check_version(source: Source<'_>, root: &Node<'_>) -> Result<(), LockfileError> {
    let Some(node) = root.get("lockfileVersion") else { return Ok(()) };
    let version = if let Value::Number(number) = node.value { number.parse().ok() } else { None };
    match version {
        Some(1..=NEWEST) => Ok(()),
        _ => {
            Err(source.error(node.at, format!("lockfileVersion is none of 1 to {NEWEST}, the versions that are known")))
        }
    }
}

/// The project's own name and version.
fn project(root: &Node<'_>) -> Option<(String, Option<String>)> {
    let own = root.get("packages").and_then(|packages| packages.get(""));
    let field = |key| own.and_then(|own| own.text(key)).or_else(|| root.text(key)).map(str::to_owned);
    Some((field("name")?, field("version")))
}
