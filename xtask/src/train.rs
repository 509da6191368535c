//! The classifier's training, in a Python environment of pinned packages.

use crate::{cargo, python::Environment};
use anyhow::{Context, Result};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const FOLDER: &str = "services/classifier/training";
const GUARDDOG: &str = "guarddog==3.2.0\n";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folders of the data sets, as the builder `lockgate-dataset` writes them.
    #[arg(long, num_args = 1.., required = true)]
    sets: Vec<PathBuf>,
    /// Sets whose packages are measured with and not learned from.
    #[arg(long, num_args = 1..)]
    measured: Vec<PathBuf>,
    /// Folder for the model, its weights and its report.
    #[arg(long)]
    out: PathBuf,
    #[arg(long, default_value_t = 1800)]
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
    train.arg("--measured");
    for set in &arguments.measured {
        train.arg(absolute(set)?);
    }
    cargo::run("train the classifier", &mut train)
}

/// A tiny set goes the whole way.
pub(crate) fn test() -> Result<()> {
    cargo::run("training, on a tiny set", python()?.args(["-m", "unittest", "discover", "-s", "tests", "-t", "."]))
}

/// GuardDog beside `lockgate score`, on benign archives.
pub(crate) fn guarddog(updates: bool, archives: &[PathBuf]) -> Result<()> {
    let peer = Environment::provide(cargo::cache().join("guarddog"), GUARDDOG, &[])?;
    let build = ["build", "--release", "-p", "lockgate-gate"];
    cargo::run("build lockgate", Command::new("cargo").args(build).current_dir(cargo::root()))?;
    let program = cargo::target().join("release/lockgate");
    let mut compare = python()?;
    compare.args(["-m", "trainer.guarddog", "--guarddog"]).arg(peer.program("python")).arg("--lockgate").arg(program);
    compare.args(updates.then_some("--updates"));
    for archive in archives {
        compare.arg(absolute(archive)?);
    }
    cargo::run("compare with GuardDog", &mut compare)
}

/// The environment's interpreter, in the folder of the training programs.
fn python() -> Result<Command> {
    let folder = cargo::root().join(FOLDER);
    let pins = folder.join("requirements.txt");
    let environment = Environment::of_file(cargo::cache().join("training"), &pins, &["--only-binary", ":all:"])?;
    let mut python = environment.python();
    python.current_dir(folder);
    Ok(python)
}

/// The command runs elsewhere.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("find {}", path.display()))
}
