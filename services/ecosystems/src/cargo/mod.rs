//! Rust: `Cargo.lock` versions 1 to 4, Cargo's version order and the sparse index.

mod asked;
mod claims;
mod index;
mod lockfile;
mod package_id;
mod version;

#[cfg(test)]
mod lockfile_tests;

use crate::{EcosystemAdapter, RegistryProtocol, manifest::Asked};
use lockgate_model::{Claims, Ecosystem, Lockfile, LockfileError, LockfileFormat, PublishedFileKind, VersionOrder};

/// The Rust ecosystem.
pub static ADAPTER: CargoAdapter = CargoAdapter;

/// See [`ADAPTER`].
#[derive(Debug, Clone, Copy)]
pub struct CargoAdapter;

impl EcosystemAdapter for CargoAdapter {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Cargo
    }

    fn lockfile_format(&self, file_name: &str) -> Option<LockfileFormat> {
        (file_name == "Cargo.lock").then_some(LockfileFormat::CargoLock)
    }

    fn parse(&self, path: &str, _format: LockfileFormat, text: &str) -> Result<Lockfile, LockfileError> {
        lockfile::parse(path, text)
    }

    fn versions(&self) -> &'static dyn VersionOrder {
        &version::CargoVersions
    }

    fn is_manifest(&self, kind: PublishedFileKind, path: &str) -> bool {
        kind == PublishedFileKind::Crate && claims::is_manifest(path)
    }

    fn claims(&self, path: &str, manifest: &[u8]) -> Claims {
        claims::read(path, manifest)
    }

    fn asked(&self, _: LockfileFormat, text: &str) -> Vec<Asked> {
        asked::asked(text)
    }

    fn protocol(&self) -> &'static dyn RegistryProtocol {
        &index::SparseIndex
    }
}
