//! `cargo xtask bench`: optimised binaries and the peers, then every figure beside its peer, in one table.

mod peers;

use crate::{
    cargo::{self, command},
    provide,
};
use anyhow::Result;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these figures: webhooks, listing, advisories, licenses, archives, check, growth.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Fewer rounds.
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    provide::programs()?;
    provide::clients();
    let peers = peers::provide()?;
    let mut build = command("cargo");
    build.env("SQLX_OFFLINE", "true").args(["build", "--release", "--locked"]);
    build.args(["-p", "lockgate-gate", "-p", "lockgate-tests", "--bin", "lockgate", "--bin", "bench"]);
    cargo::run("build with optimisation (some minutes, once)", &mut build)?;
    let bin = cargo::target().join("release");
    let mut bench = std::process::Command::new(bin.join("bench"));
    bench.current_dir(cargo::root()).arg("--lockgate").arg(bin.join("lockgate"));
    bench.arg("--peers").arg(&peers).arg("--state").arg(cargo::cache().join("bench/state"));
    if arguments.quick {
        bench.arg("--quick");
    }
    if !arguments.only.is_empty() {
        bench.arg("--only").arg(arguments.only.join(","));
    }
    cargo::run("bench", &mut bench)
}
