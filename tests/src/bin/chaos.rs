//! `cargo xtask chaos` runs this: faults on purpose, and an account of them.

use anyhow::{Result, ensure};
use clap::Parser;
use lockgate_tests::chaos::{self, Options, plan::Faults};
use std::{path::PathBuf, process::ExitCode, time::Duration};

#[derive(Debug, Parser)]
struct Arguments {
    /// The server's binary.
    #[arg(long)]
    lockgate: PathBuf,
    /// An older binary to begin with; the new one takes over at half time.
    #[arg(long)]
    previous: Option<PathBuf>,
    /// The same seed gives the same plan.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = 500)]
    pulls: usize,
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// `all`, `none`, or some of restart, fail-over, disk, github, registry, clock, lost.
    #[arg(long, default_value = "all")]
    faults: Faults,
    /// Workers beside the intake; 0: one process is both.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Over how many seconds everything happens; by default long enough for so many kills.
    #[arg(long)]
    seconds: Option<u64>,
    /// Longest wait for quiet afterwards, in seconds.
    #[arg(long, default_value_t = 600)]
    patience: u64,
    /// Instead: ten times what the intake can take, for a minute.
    #[arg(long)]
    overload: bool,
    /// Instead: back up while serving, restore elsewhere, verify, and serve from the copy.
    #[arg(long)]
    backup: bool,
    /// Where the server's logs go at the end.
    #[arg(long)]
    logs: Option<PathBuf>,
}

#[tokio::main(worker_threads = 8)]
async fn main() -> ExitCode {
    let played = tokio::select! {
        played = play(Arguments::parse()) => played,
        // Dropping the run ends its processes and gives its disk back.
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("stopped by Ctrl-C; there is no verdict")),
    };
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn play(arguments: Arguments) -> Result<()> {
    if arguments.overload {
        return overload(&arguments).await;
    }
    if arguments.backup {
        let account = chaos::backup::run(&arguments.lockgate, arguments.pulls.min(60)).await?;
        println!("{account}");
        ensure!(account.is_kept(), "the restored server did not keep the promise");
        return Ok(());
    }
    // Pull requests need the time of the machine; kills need the time of a restart.
    let seconds = arguments.seconds.unwrap_or((arguments.pulls as u64).max(arguments.kills as u64 * 4).max(20));
    let options = Options {
        lockgate: arguments.lockgate,
        previous: arguments.previous,
        seed: arguments.seed,
        pulls: arguments.pulls,
        kills: arguments.kills,
        troubles: 1 + (seconds / 120) as usize,
        faults: arguments.faults.0,
        workers: arguments.workers,
        length: Duration::from_secs(seconds),
        patience: Duration::from_secs(arguments.patience),
        logs: arguments.logs,
    };
    println!("  {} pull requests, {} kills, over {seconds} s", options.pulls, options.kills);
    let account = chaos::run(&options).await?;
    println!("{account}");
    ensure!(account.is_kept(), "the promise was broken; `--seed {}` plays the same again", options.seed);
    Ok(())
}

async fn overload(arguments: &Arguments) -> Result<()> {
    let report = chaos::overload::run(&chaos::overload::Options {
        lockgate: arguments.lockgate.clone(),
        workers: arguments.workers,
        pulls: arguments.pulls.min(40),
        slow_storage: Duration::from_millis(500),
        calm: 256,
        connections: 4000,
        probe: Duration::from_secs(8),
        flood: Duration::from_secs(arguments.seconds.unwrap_or(60)),
        factor: 10.0,
        patience: Duration::from_secs(arguments.patience),
    })
    .await?;
    println!("{}", report.account());
    report.check()
}
