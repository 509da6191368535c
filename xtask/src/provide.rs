//! Provides the tools that a fresh machine lacks; each says what it does before it does it.

use crate::cargo::{self, answers};
use anyhow::{Result, bail};
use std::{path::Path, process::Command};

/// Pinned, so that CI and a laptop run the same runner.
const NEXTEST: &str = "0.9.143";

/// rustfmt, clippy and nextest.
pub(crate) fn rust_tools() -> Result<()> {
    for (component, probe) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !answers("cargo", &[probe, "--version"]) {
            cargo::run(
                &format!("install {component}"),
                cargo::command("rustup").args(["component", "add", component]),
            )?;
        }
    }
    if !answers("cargo", &["nextest", "--version"]) {
        let mut install = cargo::command("cargo");
        install.args(["install", "--locked", "--debug", "--version", NEXTEST, "cargo-nextest"]);
        cargo::run("install cargo-nextest (once, some minutes)", &mut install)?;
    }
    Ok(())
}

/// Programs that the stage uses and a small machine lacks: git serves the repositories, kill stops the server.
pub(crate) fn programs() -> Result<()> {
    for (program, probe, package) in [("git", "--version", "git"), ("kill", "-l", "procps")] {
        if !answers(program, &[probe]) {
            apt(program, &[package])?;
        }
    }
    Ok(())
}

/// What signs commits, so that tests can compare.
pub(crate) fn signers() -> Result<()> {
    for (program, probe, package) in [("gpg", "--version", "gnupg"), ("ssh", "-V", "openssh-client")] {
        if !answers(program, &[probe]) {
            apt(program, &[package])?;
        }
    }
    Ok(())
}

/// A headless browser for the page tests.
pub(crate) fn browser() -> Result<()> {
    if ["chromium", "chromium-browser", "google-chrome"].iter().any(|b| answers(b, &["--version"])) {
        return Ok(());
    }
    apt("chromium", &["chromium", "fonts-dejavu-core"])
}

/// Installs Debian packages where that can be done without asking anybody.
pub(crate) fn apt(what: &str, packages: &[&str]) -> Result<()> {
    let command = format!("apt-get update && apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("{what} is missing and this is no Debian machine; install {}", packages.join(", "));
    }
    let mut shell = if is_root() {
        Command::new("sh")
    } else if answers("sudo", &["-n", "true"]) {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    } else {
        bail!("{what} is missing; as root run: {command}");
    };
    shell.args(["-c", &command]).env("DEBIAN_FRONTEND", "noninteractive").stdout(std::process::Stdio::null());
    cargo::run(&format!("install {what} from Debian's packages"), &mut shell)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The clients whose lockfiles the demo shows. One that cannot be provided is left out there, and said so.
pub(crate) fn clients() {
    let wanted = [
        ("npm", &["--version"][..], &["nodejs", "npm"][..]),
        ("python3", &["-m", "pip", "--version"], &["python3-pip"]),
    ];
    for (program, probe, packages) in wanted {
        if !answers(program, probe)
            && let Err(error) = apt(program, packages)
        {
            println!("    {error:#}");
        }
    }
}
