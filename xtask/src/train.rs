//! The classifier's training, in a Python environment of pinned packages.

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

const FOLDER: &str = "services/classifier/training";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folders of the data sets, as the builder `lockgate-dataset` writes them.
    #[arg(long, num_args = 1.., required = true)]
    sets: Vec<PathBuf>,
    /// Folder for the model, its weights and its report.
    #[arg(long)]
    out: PathBuf,
    #[arg(long, default_value_t = 1000)]
    steps: u32,
    /// The same data and seed give the same model on the same machine.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut train = python()?;
    train.args(["-m", "trainer.train", "--steps", &arguments.steps.to_string(), "--seed", &arguments.seed.to_string()]);
    train.arg("--out").arg(absolute(&arguments.out)?).arg("--sets");
    for set in &arguments.sets {
        train.arg(absolute(set)?);
    }
    cargo::run("train the classifier", &mut train)
}

/// A tiny set goes the whole way.
pub(crate) fn test() -> Result<()> {
    cargo::run("training, on a tiny set", python()?.args(["-m", "unittest", "discover", "-s", "tests", "-t", "."]))
}

/// The environment's interpreter, in the folder of the training programs.
fn python() -> Result<Command> {
    let (folder, environment) = (cargo::root().join(FOLDER), cargo::cache().join("training"));
    let pins = folder.join("requirements.txt");
    let wanted = fs::read_to_string(&pins).with_context(|| format!("read {}", pins.display()))?;
    let made = environment.join("made-for.txt");
    if fs::read_to_string(&made).unwrap_or_default() != wanted {
        make(&environment, &pins)?;
        fs::write(&made, wanted).with_context(|| format!("write {}", made.display()))?;
    }
    let mut python = Command::new(environment.join("bin/python"));
    python.current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(python)
}

fn make(environment: &Path, pins: &Path) -> Result<()> {
    if !answers("python3", &["-m", "venv", "--help"]) {
        provide::apt("python3 with venv", &["python3-venv"])?;
    }
    let mut create = Command::new("python3");
    cargo::run("make the Python environment for training", create.args(["-m", "venv", "--clear"]).arg(environment))?;
    let mut install = Command::new(environment.join("bin/python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r"]);
    cargo::run("install what training needs from Python's registry (once)", install.arg(pins))
}

/// The command runs elsewhere.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("find {}", path.display()))
}
