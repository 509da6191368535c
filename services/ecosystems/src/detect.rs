//! The door for lockfiles: which files are lockfiles, and the checks that hold for every format.

use crate::bounds::{MAX_BYTES, check_entries};
use crate::position::Lines;
use crate::{adapter, all};
use lockgate_model::{Lockfile, LockfileError, LockfileFormat};

/// The format of the lockfile at a repository path, by file name; `None` for every other file.
///
/// A file inside an installed tree (`node_modules`) belongs to a dependency and is none of the project's.
pub fn detect(path: &str) -> Option<LockfileFormat> {
    let mut parts = path.rsplit('/');
    let file_name = parts.next()?;
    if parts.any(|folder| folder == "node_modules") {
        return None;
    }
    all().iter().find_map(|adapter| adapter.lockfile_format(file_name))
}

/// Reads the lockfile at a repository path.
///
/// # Errors
/// When the file is no lockfile, is over a bound ([`crate::bounds`]), is not UTF-8, holds conflict markers
/// or is malformed: path, line and column where known, and what is wrong.
pub fn parse(path: &str, text: &[u8]) -> Result<Lockfile, LockfileError> {
    let fail = |line, message: String| LockfileError { path: path.to_owned(), line, column: None, message };
    let format = detect(path).ok_or_else(|| fail(None, "its file name is not that of a known lockfile".into()))?;
    if text.len() > MAX_BYTES {
        return Err(fail(None, format!("it is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let text = std::str::from_utf8(text).map_err(|e| {
        let valid = std::str::from_utf8(&text[..e.valid_up_to()]).unwrap_or_default();
        Lines::new(valid).error(path, e.valid_up_to(), "it is not UTF-8 text from here on")
    })?;
    if let Some(line) = conflict_marker(text) {
        let message = "it holds the conflict markers of an unfinished merge; resolve the conflict and commit again";
        return Err(fail(Some(line), message.into()));
    }
    let lockfile = adapter(format.ecosystem()).parse(path, format, text)?;
    check_entries(path, lockfile.releases.len())?;
    Ok(lockfile)
}

/// The 1-based line of the first conflict marker. No lockfile format can hold such a line otherwise.
fn conflict_marker(text: &str) -> Option<u32> {
    let found = if text.starts_with("<<<<<<<") { Some(0) } else { text.find("\n<<<<<<<").map(|at| at + 1) };
    found.map(|at| Lines::new(&text[..at]).line(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lockfiles_are_known_by_their_names() {
        for (path, format) in [
            ("package-lock.json", LockfileFormat::NpmPackageLock),
            ("web/npm-shrinkwrap.json", LockfileFormat::NpmPackageLock),
            ("uv.lock", LockfileFormat::UvLock),
            ("a/b/poetry.lock", LockfileFormat::PoetryLock),
            ("pylock.toml", LockfileFormat::Pylock),
            ("pylock.tests.toml", LockfileFormat::Pylock),
            ("requirements.txt", LockfileFormat::Requirements),
            ("deploy/requirements-dev.txt", LockfileFormat::Requirements),
            ("Cargo.lock", LockfileFormat::CargoLock),
        ] {
            assert_eq!(detect(path), Some(format), "{path}");
        }
        for path in ["", "package.json", "a/package-lock.json.orig", "Cargo.lock/x", "node_modules/a/package-lock.json"]
        {
            assert_eq!(detect(path), None, "{path}");
        }
    }

    #[test]
    fn refusals_name_the_place_and_the_reason() {
        for (path, text, expected) in [
            ("README.md", &b""[..], "README.md: its file name is not that of a known lockfile"),
            ("package-lock.json", b"{\n \"a\": \"\xFF\"}", "package-lock.json:2:8: it is not UTF-8 text from here on"),
            (
                "package-lock.json",
                b"{\n<<<<<<< HEAD\n",
                "package-lock.json:2: it holds the conflict markers of an unfinished merge; resolve the conflict and commit again",
            ),
        ] {
            assert_eq!(parse(path, text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        assert!(parse("package-lock.json", b"\xEF\xBB\xBF{\"lockfileVersion\": 3, \"packages\": {}}").is_ok());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text: Vec<u8>, index in 0usize..7) {
            let paths = ["package-lock.json", "npm-shrinkwrap.json", "uv.lock", "poetry.lock", "pylock.toml",
                "requirements.txt", "Cargo.lock"];
            let _ = parse(paths[index], &text);
        }
    }
}
