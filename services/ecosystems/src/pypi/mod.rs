//! Python: `uv.lock`, `poetry.lock`, `pylock.toml`, pinned `requirements*.txt`, PEP 440 and the simple index.

mod asked;
mod claims;
mod classifiers;
mod entry;
mod file_name;
mod logical_lines;
mod poetry;
mod pylock;
mod reach;
mod requirements;
mod simple;
mod specifier;
mod uv;
mod version;
mod via;

#[cfg(test)]
mod lockfile_tests;

use crate::{EcosystemAdapter, RegistryProtocol, manifest::Asked};
use lockgate_model::{Claims, Ecosystem, Lockfile, LockfileError, LockfileFormat, PublishedFileKind, VersionOrder};

/// The Python ecosystem.
pub static ADAPTER: PypiAdapter = PypiAdapter;

/// See [`ADAPTER`].
#[derive(Debug, Clone, Copy)]
pub struct PypiAdapter;

impl EcosystemAdapter for PypiAdapter {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Pypi
    }

    fn lockfile_format(&self, file_name: &str) -> Option<LockfileFormat> {
        match file_name {
            "uv.lock" => Some(LockfileFormat::UvLock),
            "poetry.lock" => Some(LockfileFormat::PoetryLock),
            name if name.ends_with(".py.lock") => Some(LockfileFormat::UvLock),
            name if is_pylock(name) => Some(LockfileFormat::Pylock),
            name if name.starts_with("requirements") && name.ends_with(".txt") => Some(LockfileFormat::Requirements),
            _ => None,
        }
    }

    fn parse(&self, path: &str, format: LockfileFormat, text: &str) -> Result<Lockfile, LockfileError> {
        match format {
            LockfileFormat::UvLock => uv::parse(path, text),
            LockfileFormat::PoetryLock => poetry::parse(path, text),
            LockfileFormat::Pylock => pylock::parse(path, text),
            LockfileFormat::Requirements => requirements::parse(path, text),
            LockfileFormat::NpmPackageLock | LockfileFormat::CargoLock => {
                let message = "it is not a lockfile of Python".to_owned();
                Err(LockfileError { path: path.to_owned(), line: None, column: None, message })
            }
        }
    }

    fn versions(&self) -> &'static dyn VersionOrder {
        &version::Pep440
    }

    fn is_manifest(&self, kind: PublishedFileKind, path: &str) -> bool {
        claims::is_manifest(kind, path)
    }

    fn claims(&self, path: &str, manifest: &[u8]) -> Claims {
        claims::read(path, manifest)
    }

    fn asked(&self, format: LockfileFormat, text: &str) -> Vec<Asked> {
        asked::asked(format, text)
    }

    fn protocol(&self) -> &'static dyn RegistryProtocol {
        &simple::SimpleIndex
    }
}

/// PEP 751, "File name": `pylock.toml` or `pylock.<name>.toml`, the name without a dot.
fn is_pylock(file_name: &str) -> bool {
    let Some(rest) = file_name.strip_prefix("pylock.").and_then(|r| r.strip_suffix("toml")) else { return false };
    rest.is_empty() || rest.strip_suffix('.').is_some_and(|name| !name.is_empty() && !name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_files_are_lockfiles() {
        for name in ["pylock.toml", "pylock.dev.toml"] {
            assert_eq!(ADAPTER.lockfile_format(name), Some(LockfileFormat::Pylock), "{name}");
        }
        for name in ["pylock.a.b.toml", "pylock..toml", "pylocktoml", "requirements.in", "uv.toml", "constraints.txt"] {
            assert_eq!(ADAPTER.lockfile_format(name), None, "{name}");
        }
        assert_eq!(ADAPTER.lockfile_format("tool.py.lock"), Some(LockfileFormat::UvLock));
    }
}
