//! The one shape that every ecosystem has, so that the stages behind never ask which one it is.

use crate::{RegistryProtocol, manifest::Asked};
use lockgate_model::{Claims, Ecosystem, Lockfile, LockfileError, LockfileFormat, PublishedFileKind, VersionOrder};

/// One ecosystem: its lockfiles, its version order, its manifests and how its registry is asked.
pub trait EcosystemAdapter: Send + Sync {
    fn ecosystem(&self) -> Ecosystem;

    /// The format of a lockfile with this file name (no folders), if it is one of the ecosystem's.
    fn lockfile_format(&self, file_name: &str) -> Option<LockfileFormat>;

    /// Reads a lockfile. `path` is the repository path and goes into the result and the errors as it is.
    ///
    /// `text` has at most [`crate::bounds::MAX_BYTES`] bytes, no byte order mark and no conflict markers:
    /// [`crate::parse`] has seen to that. The adapter keeps to the bounds on entries and depth.
    ///
    /// # Errors
    /// When the text is not a lockfile of this format: path, line and column, and what is wrong.
    fn parse(&self, path: &str, format: LockfileFormat, text: &str) -> Result<Lockfile, LockfileError>;

    fn versions(&self) -> &'static dyn VersionOrder;

    /// Whether `path`, as it stands in an artifact of this kind, is the publisher's manifest
    /// (`package/package.json`, `*.dist-info/METADATA`, `PKG-INFO`, `Cargo.toml`).
    fn is_manifest(&self, kind: PublishedFileKind, path: &str) -> bool;

    /// What the manifest at `path` claims. Total: what cannot be read claims nothing.
    fn claims(&self, path: &str, manifest: &[u8]) -> Claims;

    /// What the project's own manifest, beside a lockfile of this format, asks for. Total: what cannot be read asks for
    /// nothing. `text` has at most [`crate::bounds::MAX_BYTES`] bytes.
    fn asked(&self, format: LockfileFormat, text: &str) -> Vec<Asked>;

    /// How to build metadata addresses and read the registry's answers.
    fn protocol(&self) -> &'static dyn RegistryProtocol;
}
