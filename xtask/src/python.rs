//! Python environments of pinned packages, each in a folder of its own in the cache folder: made once, and again when its pins
//! change.

use crate::{
    cargo::{self, answers},
    provide,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What an environment was made for.
const MADE_FOR: &str = "made-for.txt";

/// An environment, ready to be used.
pub(crate) struct Environment(PathBuf);

impl Environment {
    /// `pins`: requirements as pip reads them. `options`: of `pip install`.
    pub(crate) fn provide(folder: PathBuf, pins: &str, options: &[&str]) -> Result<Self> {
        let environment = Self(folder);
        let made = environment.0.join(MADE_FOR);
        if fs::read_to_string(&made).is_ok_and(|present| present == pins) {
            return Ok(environment);
        }
        environment.make(pins, options)?;
        fs::write(&made, pins).with_context(|| format!("write {}", made.display()))?;
        Ok(environment)
    }

    /// With the pins that stand in a file.
    pub(crate) fn of_file(folder: PathBuf, pins: &Path, options: &[&str]) -> Result<Self> {
        let text = fs::read_to_string(pins).with_context(|| format!("read {}", pins.display()))?;
        Self::provide(folder, &text, options)
    }

    fn make(&self, pins: &str, options: &[&str]) -> Result<()> {
        if !answers("python3", &["-m", "venv", "--help"]) {
            provide::apt("python3 with venv", &["python3-venv"])?;
        }
        let what = self.0.display();
        let mut create = Command::new("python3");
        cargo::run(
            &format!("make the Python environment {what}"),
            create.args(["-m", "venv", "--clear"]).arg(&self.0),
        )?;
        let wanted = self.0.join("wanted.txt");
        fs::write(&wanted, pins).with_context(|| format!("write {}", wanted.display()))?;
        let mut install = self.python();
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(options);
        cargo::run(
            &format!("install packages from Python's registry into {what} (once)"),
            install.arg("-r").arg(&wanted),
        )
    }

    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }

    /// Its interpreter, which leaves no compiled files beside what it runs.
    pub(crate) fn python(&self) -> Command {
        let mut python = Command::new(self.program("python"));
        python.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
        python
    }
}
