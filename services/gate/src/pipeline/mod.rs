//! The stages in order, on a range of commits: detect -> collect -> decide.
//!
//! Shared by `lockgate scan` and by the jobs, so that both take the same path.

mod aliases;
mod collect;
mod detect;
mod fetch;
mod knowledge;
mod preview;

pub use aliases::RegistryAliases;
pub use collect::{Collector, collect};
pub use detect::{beside, detect, is_lockfile, is_read, lockfiles_at};
pub use fetch::HeldFile;
pub(crate) use fetch::strongest;
pub use knowledge::{Advisories, Knowledge, LocalAdvisories, Package};
pub use preview::{PREVIEW, preview, preview_within};
