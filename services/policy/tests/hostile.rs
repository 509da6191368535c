//! Mutated policy bundles and facts: whatever they are, missing evidence never passes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the fixture of all tests, of which a part is used")]
mod assess;
#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/judged.rs"]
mod judged;

lockgate_hostile::holds! { 20; bundles_and_facts: judged }
