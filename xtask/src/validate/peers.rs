//! The peers: the pinned packages of `tests/validate/requirements.txt` in an environment of their own, npm and git.

use crate::cargo;
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Scripts and the Python environment that runs them.
pub(super) struct Peers {
    environment: PathBuf,
    scripts: PathBuf,
}

/// The folder for all that this command makes.
pub(super) fn folder() -> PathBuf {
    cargo::cache().join("validate")
}

/// Makes the environment, again when the requirements have changed.
pub(super) fn provide() -> Result<Peers> {
    for (program, package) in [("python3", "python3 (3.11 or later) and python3-venv"), ("npm", "npm"), ("git", "git")]
    {
        ensure!(cargo::answers(program, &["--version"]), "{program} is missing; install {package}");
    }
    let peers = Peers { environment: folder().join("environment"), scripts: cargo::root().join("tests/validate") };
    let wanted = peers.scripts.join("requirements.txt");
    let installed = peers.environment.join("requirements.txt");
    let text = fs::read(&wanted).with_context(|| format!("read {}", wanted.display()))?;
    if fs::read(&installed).is_ok_and(|present| present == text) {
        return Ok(peers);
    }
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv", "--clear"]).arg(&peers.environment);
    cargo::run("make the Python environment of the peers", &mut environment)?;
    let mut install = Command::new(peers.program("python"));
    install.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r"]).arg(&wanted);
    cargo::run("install the peers", &mut install)?;
    fs::write(&installed, text).with_context(|| format!("write {}", installed.display()))?;
    Ok(peers)
}

impl Peers {
    /// A program of the environment.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.environment.join("bin").join(name)
    }

    /// A script of `tests/validate`, which leaves no compiled files beside itself.
    pub(super) fn script(&self, name: &str, arguments: &[PathBuf]) -> Command {
        let mut script = Command::new(self.program("python"));
        script.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1").arg(self.scripts.join(name)).args(arguments);
        script
    }
}

/// The semver library inside the installed npm.
pub(super) fn npm_semver() -> Result<PathBuf> {
    let found = Command::new("npm").args(["root", "--global"]).output().context("start npm root --global")?;
    let modules = PathBuf::from(String::from_utf8_lossy(&found.stdout).trim());
    // Debian's npm keeps its libraries beside itself, npm's own inside.
    let places = [modules.join("npm/node_modules/semver"), PathBuf::from("/usr/share/nodejs/semver")];
    match places.iter().find(|place| Path::new(place).join("package.json").exists()) {
        Some(place) => Ok(place.clone()),
        None => {
            bail!("npm's semver library is not in {}; install npm itself: npm install --global npm", modules.display())
        }
    }
}
