//! What must hold of each parser whatever it is given, and seeds from which to begin.
//!
//! A target is a module with `check`, which panics when a property does not hold, and `seeds`, which makes valid and
//! nearly valid inputs. The programs in `fuzz_targets/` hand both to libFuzzer; what they find becomes a unit test in
//! the parser's own crate. Where a crate can run its target by itself, the module lies among that crate's tests
//! (`tests/hostile/`), which mutate the same seeds blindly and in seconds.

#[path = "../../services/archive/tests/hostile/archives.rs"]
mod archives;
#[cfg(feature = "report")]
#[path = "../../services/report/tests/hostile/audit_bundle.rs"]
pub mod audit_bundle;
pub mod config;
#[cfg(feature = "source")]
#[path = "../../services/source/tests/hostile/git_objects.rs"]
pub mod git_objects;
#[cfg(feature = "evidence")]
#[path = "../../services/evidence/tests/hostile/license_expression.rs"]
pub mod license_expression;
#[cfg(feature = "evidence")]
#[path = "../../services/evidence/tests/hostile/license_text.rs"]
pub mod license_text;
#[path = "../../services/ecosystems/tests/hostile/lockfiles.rs"]
mod lockfiles;
#[cfg(feature = "evidence")]
#[path = "../../services/evidence/tests/hostile/osv.rs"]
mod osv_records;
#[cfg(feature = "policy")]
#[path = "../../services/policy/tests/hostile/judged.rs"]
pub mod policy;
#[path = "../../services/ecosystems/tests/hostile/registries.rs"]
mod registries;
#[path = "../../services/ecosystems/tests/hostile/versions.rs"]
pub mod versions;
#[cfg(feature = "github")]
#[path = "../../services/github/tests/hostile/webhook.rs"]
pub mod webhook;

/// OSV records, judged by the real order of each ecosystem.
#[cfg(feature = "evidence")]
pub mod osv {
    pub use super::osv_records::seeds;

    pub fn check(data: &[u8]) {
        super::osv_records::check_with(data, lockgate_ecosystems::versions);
    }
}

#[cfg(feature = "report")]
#[expect(dead_code, reason = "the report's own fixture, of which a part is used")]
#[path = "../../services/report/tests/fixture/mod.rs"]
mod fixture;

#[cfg(feature = "policy")]
#[expect(dead_code, reason = "the policy's own fixture, of which a part is used")]
#[path = "../../services/policy/tests/assess/mod.rs"]
mod assess;

pub use archives::{diff as archive_diff, tar_gz as archive_tar_gz, zip as archive_zip};
pub use lockfiles::{
    cargo as lockfile_cargo, npm as lockfile_npm, poetry as lockfile_poetry, pylock as lockfile_pylock,
    requirements as lockfile_requirements, uv as lockfile_uv,
};
pub use registries::{cargo as registry_cargo, npm as registry_npm, pypi as registry_pypi};

/// Writes seeds into the folder that `LOCKGATE_FUZZ_SEEDS` names; without it nothing is written.
pub fn plant(seeds: Vec<Vec<u8>>) {
    let Some(folder) = std::env::var_os("LOCKGATE_FUZZ_SEEDS").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).expect("the seeds' folder can be made");
    for (n, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{n:03}")), seed).expect("a seed can be written");
    }
}

/// Asserts that `bytes` is at most `factor` times the input and a constant.
#[track_caller]
fn bounded(what: &str, bytes: usize, factor: usize, input: &[u8]) {
    let limit = factor * input.len() + 4096;
    assert!(bytes <= limit, "{what} has {bytes} bytes for an input of {}; at most {limit} are documented", input.len());
}
