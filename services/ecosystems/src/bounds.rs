//! How much of an untrusted lockfile is read before it is refused.

use lockgate_model::LockfileError;

/// Largest lockfile, in bytes. The largest known real ones are near 5 MiB.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Most entries of one lockfile.
pub const MAX_ENTRIES: usize = 200_000;
/// Deepest nesting of values. npm's version 1 nests two levels for each level of `node_modules`.
pub const MAX_DEPTH: usize = 256;

/// Refuses a lockfile that has more than [`MAX_ENTRIES`] entries.
///
/// # Errors
/// When `entries` is over the bound; the error names the lockfile and the bound.
pub fn check_entries(path: &str, entries: usize) -> Result<(), LockfileError> {
    if entries <= MAX_ENTRIES {
        return Ok(());
    }
    let message = format!("it has more than {MAX_ENTRIES} entries; split the project into several lockfiles");
    Err(LockfileError { path: path.to_owned(), line: None, column: None, message })
}
