//! `cargo xtask`: set-up, tests and the demo, one command each.

mod attestations;
mod bench;
mod cargo;
mod chaos;
mod conformance;
mod demo;
mod deny;
mod descriptions;
mod firewall;
mod fuzz;
mod onnxruntime;
mod prepare;
mod provide;
mod python;
mod s3rver;
mod test;
mod train;
mod validate;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Set-up, tests and the demo of Lockgate.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Provide what is missing and run every check and test.
    Test,
    /// A server, a GitHub stand-in and real pull requests, end to end.
    Demo(demo::Arguments),
    /// Whether Lockgate agrees with outside peers on real projects: one line a check, with its figure.
    Validate(validate::Arguments),
    /// Show the bundles of a sigstore-conformance checkout to `lockgate verify-bundle`, and say which answers are not expected.
    Conformance(conformance::Arguments),
    /// Show the attestations of real releases, from checkouts of other projects, to `lockgate verify-pypi` and `verify-bundle`.
    Attestations(attestations::Arguments),
    /// Kill, starve and mislead a server while pull requests come in, and give an account of every one.
    Chaos(chaos::Arguments),
    /// Each figure of speed beside its peer, in one table.
    Bench(bench::Arguments),
    /// Throw broken input at every parser, guided by coverage; a table of what was done.
    Fuzz(fuzz::Arguments),
    /// npm, pnpm, yarn, pip, uv and cargo through the firewall, against the registries that this machine uses.
    Firewall,
    /// Fetch GitHub's own descriptions, against which a plain `cargo nextest run` then tests too.
    Provide,
    /// Fetch ONNX Runtime, by which the classifier runs, and say where it lies.
    Onnxruntime,
    /// Train the classifier, measure it on what it has not seen, and write it as ONNX.
    Train(train::Arguments),
    /// Score benign archives of PyPI (sdists) by GuardDog and by `lockgate score`: packages a second of each, and the ratio.
    Guarddog {
        /// The archives are old, new, old, new; GuardDog, which knows no updates, reads the new.
        #[arg(long)]
        updates: bool,
        #[arg(required = true)]
        archives: Vec<std::path::PathBuf>,
    },
    /// Write the query descriptions in `.sqlx` again, after a change of SQL.
    Prepare {
        /// Fail when they are not current instead of writing them.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Test => test::run(),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Attestations(arguments) => attestations::run(&arguments),
        Command::Chaos(arguments) => chaos::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Firewall => firewall::run(),
        Command::Provide => descriptions::show(),
        Command::Onnxruntime => onnxruntime::show(),
        Command::Train(arguments) => train::run(&arguments),
        Command::Guarddog { updates, archives } => train::guarddog(updates, &archives),
        Command::Prepare { check } => prepare::run(check),
    }
}
