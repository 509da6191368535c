//! The peers: the pinned packages of `tests/validate/requirements.txt` in an environment of their own, npm and git.

use crate::{cargo, python::Environment};
use anyhow::{Context, Result, bail, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Scripts and the Python environment that runs them.
pub(super) struct Peers {
    environment: Environment,
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
    let scripts = cargo::root().join("tests/validate");
    let pins = scripts.join("requirements.txt");
    let environment = Environment::of_file(folder().join("environment"), &pins, &["--require-hashes"])?;
    Ok(Peers { environment, scripts })
}

impl Peers {
    /// A program of the environment.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.environment.program(name)
    }

    /// A script of `tests/validate`.
    pub(super) fn script(&self, name: &str, arguments: &[PathBuf]) -> Command {
        let mut script = self.environment.python();
        script.arg(self.scripts.join(name)).args(arguments);
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
