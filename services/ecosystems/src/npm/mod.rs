//! npm: `package-lock.json` and `npm-shrinkwrap.json`, node-semver, the packument protocol, `package.json`.

use crate::{EcosystemAdapter, RegistryProtocol, manifest::Asked};
use lockgate_model::{Claims, Ecosystem, Lockfile, LockfileError, LockfileFormat, PublishedFileKind, VersionOrder};

mod asked;
mod bundle;
mod dependencies;
mod document;
mod entry;
mod json;
mod lockfile;
mod manifest;
mod order;
mod origin;
mod packages;
pub mod range;
mod registry;
mod tree;
pub mod version;

/// The npm ecosystem.
#[derive(Debug, Clone, Copy)]
pub struct NpmAdapter;

pub static ADAPTER: NpmAdapter = NpmAdapter;

impl EcosystemAdapter for NpmAdapter {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Npm
    }

    fn lockfile_format(&self, file_name: &str) -> Option<LockfileFormat> {
        matches!(file_name, "package-lock.json" | "npm-shrinkwrap.json").then_some(LockfileFormat::NpmPackageLock)
    }

    fn parse(&self, path: &str, format: LockfileFormat, text: &str) -> Result<Lockfile, LockfileError> {
        lockfile::parse(path, format, text)
    }

    fn versions(&self) -> &'static dyn VersionOrder {
        &order::NpmVersions
    }

    fn is_manifest(&self, kind: PublishedFileKind, path: &str) -> bool {
        kind == PublishedFileKind::NpmTarball && manifest::is_manifest(path)
    }

    fn claims(&self, path: &str, manifest: &[u8]) -> Claims {
        manifest::claims(path, manifest)
    }

    fn asked(&self, _: LockfileFormat, text: &str) -> Vec<Asked> {
        asked::asked(text)
    }

    fn protocol(&self) -> &'static dyn RegistryProtocol {
        &registry::NpmRegistry
    }
}
