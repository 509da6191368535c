//! `cargo xtask chaos`: builds the server and the harness, and lets the harness play.

use crate::{
    cargo::{self, command},
    provide,
};
use anyhow::Result;
use std::path::Path;

/// Fakes the clock of the server's processes.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// With optimised programs, as they are deployed.
    #[arg(long)]
    release: bool,
    /// For the harness: --seed N, --pulls 500, --kills 200, --faults all|none|LIST, --workers K, --seconds S,
    /// --previous BINARY, --overload, --backup; `-- --help` tells all.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    harness: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    provide::programs()?;
    if !Path::new(FAKETIME).exists()
        && let Err(error) = provide::apt("libfaketime", &["libfaketime"])
    {
        println!("    without faked clocks: {error:#}");
    }
    let mut build = command("cargo");
    build.args(["build", "--locked", "--package", "lockgate-gate", "--package", "lockgate-tests"]);
    build.args(["--bin", "lockgate", "--bin", "chaos"]).args(arguments.release.then_some("--release"));
    cargo::run("build lockgate and the harness", &mut build)?;
    let bin = cargo::target().join(if arguments.release { "release" } else { "debug" });
    let mut harness = std::process::Command::new(bin.join("chaos"));
    harness.current_dir(cargo::root()).arg("--lockgate").arg(bin.join("lockgate"));
    harness.arg("--logs").arg(cargo::cache().join("chaos-logs")).args(&arguments.harness);
    cargo::run("chaos", &mut harness)
}
