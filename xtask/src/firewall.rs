//! Real package managers through the firewall: npm, pip and cargo as they are installed, pnpm, yarn and uv from their
//! registries into the cache folder. `lockgate_tests::clients` says what is done with them.

use crate::{
    cargo::{self, command},
    provide,
    python::Environment,
};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, process::Command};

const PNPM: &str = "pnpm@10.34.9";
const YARN: &str = "@yarnpkg/cli-dist@4.18.1";
const UV: &str = "uv==0.13.9\n";

pub(crate) fn run() -> Result<()> {
    provide::programs()?;
    let (node_programs, uv) = (node()?, Environment::provide(cargo::cache().join("uv"), UV, &[])?.program("uv"));
    let build = ["build", "--locked", "-p", "lockgate-tests", "--bins"];
    cargo::run("build the stage", command("cargo").args(build))?;
    let bin = cargo::target().join("debug");
    // Where this machine installs from: asked, never written down.
    let registries = cargo::cache().join("firewall-registries.toml");
    let mut init = Command::new(bin.join("lockgate-tested"));
    init.arg("--config").arg(&registries).args(["init", "--force", "--data-dir"]).arg(cargo::cache().join("firewall"));
    cargo::run("ask the clients for their registries", &mut init)?;
    let mut clients = Command::new(bin.join("clients"));
    clients.current_dir(cargo::root()).arg("--registries").arg(&registries);
    clients.arg("--node-programs").arg(node_programs).arg("--uv").arg(uv);
    cargo::run("six package managers through the firewall", &mut clients)
}

/// pnpm and yarn, in a folder of their own: made once, and again when the pins change.
fn node() -> Result<PathBuf> {
    let folder = cargo::cache().join("node-clients");
    let (bin, made) = (folder.join("node_modules/.bin"), folder.join("made-for.txt"));
    let pins = format!("{PNPM} {YARN}");
    if fs::read_to_string(&made).is_ok_and(|present| present == pins) {
        return Ok(bin);
    }
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let mut install = Command::new("npm");
    install.current_dir(&folder).args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "."]);
    cargo::run("install pnpm and yarn (once)", install.args([PNPM, YARN]))?;
    fs::write(&made, pins).with_context(|| format!("write {}", made.display()))?;
    Ok(bin)
}
