//! What the tests and the demo are played with: a stateful GitHub, registries that can lie, and the
//! server itself with a database of its own.

pub mod app;
pub mod bench;
pub mod chaos;
pub mod clients;
pub mod command;
pub mod demo;
pub mod fake_github;
pub mod oidc;
pub mod provenance;
pub mod registry;
pub mod toy;
