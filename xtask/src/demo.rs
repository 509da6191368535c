//! `cargo xtask demo`: builds the server and the stage, and lets the stage run.

use crate::{
    cargo::{self, command},
    provide,
};
use anyhow::Result;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// End when the decisions are there, instead of staying up until Ctrl-C.
    #[arg(long)]
    once: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    provide::programs()?;
    provide::clients();
    let build = ["build", "--locked", "--workspace", "--bins"];
    cargo::run("build lockgate", command("cargo").args(build))?;
    let bin = cargo::target().join("debug");
    let mut stage = std::process::Command::new(bin.join("demo"));
    stage.current_dir(cargo::root()).arg("--lockgate").arg(bin.join("lockgate"));
    stage.arg("--state").arg(cargo::cache().join("demo"));
    if arguments.once {
        stage.arg("--once");
    }
    cargo::run("demo", &mut stage)
}
