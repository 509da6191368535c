//! How a registry is asked and its answers are read: pure, so that HTTP is done once in [`crate::client`].

use lockgate_model::{Cause, PublishedFile, PublishedPackage, PublishedRelease};
use url::Url;

/// A request for a package's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataRequest {
    pub url: Url,
    /// The `Accept` header.
    pub accept: &'static str,
}

/// The protocol of one ecosystem's registries.
pub trait RegistryProtocol: Send + Sync {
    /// Whether `package` may become part of an address. A lockfile's names are untrusted: `..`, empty
    /// names, control characters and whatever else would leave the registry's own paths are refused.
    fn is_package_name(&self, package: &str) -> bool;

    /// Where the metadata of `package` stands. `base` is the configured registry address, with or without
    /// a trailing slash; its own path is kept. Called only with names that [`Self::is_package_name`] takes.
    fn metadata_request(&self, base: &Url, package: &str) -> MetadataRequest;

    /// The address of the registry's own configuration, where files cannot be found without it (cargo's
    /// `config.json` and its `dl`). Fetched once and handed to [`Self::read_metadata`].
    fn configuration_request(&self, _base: &Url) -> Option<Url> {
        None
    }

    /// Reads the answer to [`Self::metadata_request`]. `configuration` is the body of
    /// [`Self::configuration_request`]'s answer; `None` where the protocol asks for none.
    ///
    /// # Errors
    /// [`lockgate_model::CauseKind::Malformed`] when the body is not what the protocol promises.
    fn read_metadata(
        &self,
        base: &Url,
        package: &str,
        body: &[u8],
        configuration: Option<&[u8]>,
    ) -> Result<PublishedPackage, Cause>;

    /// Where the keys stand with which the registry signs, if it has any (npm: `/-/npm/v1/keys`).
    fn keys_request(&self, _base: &Url) -> Option<Url> {
        None
    }

    /// Which files of a release are fetched and read: npm the tarball, cargo the crate, PyPI the source
    /// distribution and one wheel.
    fn files_to_read<'a>(&self, release: &'a PublishedRelease) -> Vec<&'a PublishedFile>;
}
