//! Mutated audit bundles: nothing but what was exported verifies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/audit_bundle.rs"]
mod audit_bundle;
#[expect(dead_code, reason = "the fixture of all tests, of which a part is used")]
mod fixture;

lockgate_hostile::holds! { 100; bundles: audit_bundle }
