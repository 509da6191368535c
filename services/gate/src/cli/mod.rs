//! The command line. Names and exit codes are stable: tests, CI systems and auditors rely on them.

mod access;
pub mod advisories;
mod attested;
mod audit;
mod blast_radius;
mod check;
mod doctor;
mod init;
mod license;
mod lock;
mod mirror;
mod model;
mod permissions;
mod policy;
mod sbom;
mod scan;
mod score;
mod serve;
mod token;
mod verify_bundle;
mod verify_commit;
mod verify_npm;
mod verify_pypi;
mod versions;

use crate::{
    config::{Config, DEFAULT_FILE},
    telemetry,
};
use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use lockgate_model::{Outcome, redact::redact};
use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Something went wrong, as opposed to something being wrong with the subject.
const ERROR: u8 = 2;

/// A gate for software supply chains: what a lockfile change brings in, judged with evidence.
#[derive(Debug, Parser)]
#[command(name = "lockgate", version, about, max_term_width = 100)]
struct Cli {
    /// The configuration file.
    #[arg(long, global = true, env = "LOCKGATE_CONFIG", hide_env_values = true, default_value = DEFAULT_FILE)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask the installed clients for their registries and write the configuration.
    Init(init::Arguments),
    /// Say what is missing and how to mend it.
    Doctor,
    /// Webhooks, API, pages and workers.
    Serve(serve::Arguments),
    /// The whole pipeline on a range of commits. Exit: 0 allow, 1 deny, 3 incomplete, 2 error.
    Scan(scan::Arguments),
    /// A server's decision on a commit. Exit: as `scan`.
    Check(check::Arguments),
    /// The releases in a lockfile.
    Lock(lock::Arguments),
    /// A software bill of materials of a revision's lockfiles.
    Sbom(sbom::Arguments),
    /// Licences detected in files, or an SPDX expression judged against an allow list.
    License(license::Arguments),
    /// Import an OSV feed, or match a lockfile or SBOM against it.
    #[command(subcommand)]
    Advisories(advisories::Command),
    /// Compare two versions as their ecosystem orders them: prints `<`, `=` or `>`.
    Vercmp(versions::CompareArguments),
    /// Whether a version satisfies a range in its ecosystem's own language: prints `true` or `false`.
    InRange(versions::RangeArguments),
    /// What the classifier says of a new version, or of each of a list: a JSON line each.
    Score(score::Arguments),
    /// Add models that score releases, try them, let them decide, and go back.
    #[command(subcommand)]
    Model(model::Command),
    /// Whether a Sigstore bundle is a signature for an artifact, by who is expected. Exit: 0 verified, 1 rejected, 2 error.
    VerifyBundle(verify_bundle::Arguments),
    /// Whether the attestations of an npm tarball hold. Exit: 0 verified, 1 rejected or missing, 2 error.
    VerifyNpm(verify_npm::Arguments),
    /// Whether the attestations of a Python wheel or sdist hold (PEP 740). Exit: 0 verified, 1 rejected or missing, 2 error.
    VerifyPypi(verify_pypi::Arguments),
    /// Whether a commit, a tag, or each commit of a range is signed by who may. Exit: 0 verified, 1 not, 2 error.
    VerifyCommit(verify_commit::Arguments),
    /// Test a policy bundle, or replay past decisions.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Export decisions, or verify an export offline.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look at the artifacts that are kept.
    #[command(subcommand)]
    Mirror(mirror::Command),
    /// Every decision that relied on an artifact, by its digest. Exit: 0 none did, 1 some did, 2 error.
    BlastRadius(blast_radius::Arguments),
    /// Tokens with which machines ask the server.
    #[command(subcommand)]
    Token(token::Command),
}

/// Parses the arguments, runs the command, and turns its end into an exit code.
pub async fn main() -> ExitCode {
    telemetry::report_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // What could not be read is quoted, and may be an address with a password.
        Err(error) if error.use_stderr() => {
            eprint!("{}", redact(&error.render().to_string()));
            return ExitCode::from(ERROR);
        }
        Err(help) => help.exit(),
    };
    match run(cli).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lockgate: {}", redact(&format!("{error:#}")));
            ExitCode::from(ERROR)
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode> {
    let config = cli.config.as_path();
    match cli.command {
        Command::Init(arguments) => init::run(config, &arguments).await,
        Command::Doctor => doctor::run(config).await,
        Command::Serve(arguments) => serve::run(config, &arguments).await,
        Command::Scan(arguments) => scan::run(config, &arguments).await,
        Command::Check(arguments) => check::run(&arguments).await,
        Command::Lock(arguments) => lock::run(&arguments),
        Command::Sbom(arguments) => sbom::run(&arguments),
        Command::License(arguments) => license::run(&arguments),
        Command::Advisories(command) => advisories::run(config, command).await,
        Command::Vercmp(arguments) => versions::compare(&arguments),
        Command::InRange(arguments) => versions::in_range(&arguments),
        Command::Score(arguments) => score::run(config, &arguments),
        Command::Model(command) => model::run(config, command).await,
        Command::VerifyBundle(arguments) => verify_bundle::run(&arguments),
        Command::VerifyNpm(arguments) => verify_npm::run(&arguments),
        Command::VerifyPypi(arguments) => verify_pypi::run(&arguments),
        Command::VerifyCommit(arguments) => verify_commit::run(&arguments),
        Command::Policy(command) => policy::run(config, command).await,
        Command::Audit(command) => audit::run(config, command).await,
        Command::Mirror(command) => mirror::run(config, command).await,
        Command::BlastRadius(arguments) => blast_radius::run(config, &arguments).await,
        Command::Token(command) => token::run(config, command).await,
    }
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// By whom a change is noted that was made on this machine.
fn account() -> String {
    format!("cli:uid-{}", rustix::process::getuid().as_raw())
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}

/// 0 allow, 1 deny, 3 incomplete.
fn outcome_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Allow => ExitCode::SUCCESS,
        Outcome::Deny => ExitCode::from(1),
        Outcome::Incomplete => ExitCode::from(3),
    }
}

/// 0 when `good`, else 1: a finding about the subject, not an error.
fn finding_code(good: bool) -> ExitCode {
    ExitCode::from(u8::from(!good))
}

/// The configuration file where there is one, else what the installed clients say.
async fn config_or_clients(path: &Path) -> Result<Config> {
    if path.exists() { Config::load(path) } else { init::from_clients(&init::default_data_dir()).await }
}
