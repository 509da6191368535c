//! What the operating system may keep of this process.

use anyhow::{Context, Result};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps, and other processes of the same account to read this one's memory or attach to it: both hold
/// tokens and keys. Holds for the processes that this one starts, too.
///
/// # Errors
/// When the operating system refuses.
pub fn keep_memory_private() -> Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).context("limit core dumps to nothing")?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("make the process undumpable")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{dumpable_behavior, getrlimit};

    #[test]
    fn nothing_is_dumped() {
        keep_memory_private().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), maximum: Some(0) });
    }
}
