//! Runs commands from the workspace root, with the build folder in the user's cache folder.

use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// The workspace root. Asked at run time: checkouts share a build folder, and cargo may take this program from
/// another one, which perhaps is gone.
pub(crate) fn root() -> PathBuf {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&folder).parent().expect("xtask lies in the workspace root").to_owned()
}

/// Lockgate's folder in the user's cache folder: build folder, private clusters, the demo.
pub(crate) fn cache() -> PathBuf {
    let set = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    set.or_else(home).unwrap_or_else(std::env::temp_dir).join("lockgate")
}

/// The build folder: `CARGO_TARGET_DIR` where it is set, else under [`cache`], so that a clean checkout
/// does not build the world again.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).unwrap_or_else(|| cache().join("target"))
}

/// `program` in the workspace root, with the build folder set.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env("CARGO_TARGET_DIR", target());
    command
}

/// Runs `command` and says how long it took.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<()> {
    println!("==> {what}");
    let started = Instant::now();
    let status = command.status().with_context(|| format!("start {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{what}: failed ({status}); run it alone: {command:?}");
    }
    println!("    {what}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Whether `program ARGUMENTS` runs and succeeds.
pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    command(program).args(arguments).output().is_ok_and(|output| output.status.success())
}
