//! What publishers and projects *claim*: lockfiles, registries, manifests, version order.
//!
//! Each ecosystem is one folder that implements [`EcosystemAdapter`]; [`all`] is the explicit list of
//! them and the only place that names them together. Everything read here is untrusted: a lockfile comes
//! from a pull request, a registry answer from the network, a manifest from a publisher. Reading is
//! bounded and never runs anything; whether a claim is true is decided elsewhere.

pub mod adapter;
mod address;
pub mod bounds;
mod candidates;
pub mod cargo;
pub mod client;
mod detect;
mod diff;
pub mod manifest;
pub mod npm;
pub mod position;
pub mod protocol;
pub mod pypi;
mod registries;
mod release_line;
mod secret;
mod toml_lock;

pub use adapter::EcosystemAdapter;
pub use client::{Client, Document, Limits, RegistryConfig, Revision};
pub use detect::{detect, parse};
pub use diff::diff;
pub use protocol::{MetadataRequest, RegistryProtocol};
pub use registries::new_registries;
pub use release_line::{earlier, release_line};
pub use secret::Secret;

use lockgate_model::{Ecosystem, VersionOrder};

/// The explicit registry list: a new ecosystem is one folder and one line here.
static ALL: [&dyn EcosystemAdapter; 3] = [&npm::ADAPTER, &pypi::ADAPTER, &cargo::ADAPTER];

/// Every ecosystem that is read.
pub fn all() -> &'static [&'static dyn EcosystemAdapter] {
    &ALL
}

/// The adapter of one ecosystem.
pub fn adapter(ecosystem: Ecosystem) -> &'static dyn EcosystemAdapter {
    all().iter().copied().find(|a| a.ecosystem() == ecosystem).expect("every ecosystem of the model is in the list")
}

/// The version order and range language of one ecosystem.
pub fn versions(ecosystem: Ecosystem) -> &'static dyn VersionOrder {
    adapter(ecosystem).versions()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ecosystem_of_the_model_has_one_adapter() {
        for ecosystem in Ecosystem::ALL {
            assert_eq!(adapter(ecosystem).ecosystem(), ecosystem);
            assert_eq!(all().iter().filter(|a| a.ecosystem() == ecosystem).count(), 1);
        }
    }
}
