//! The demo: a stand-in for GitHub, the real server as its own process, real packages, real pull requests.
//!
//! The server takes its production path: it gets signed webhooks, fetches over smart HTTP, asks the
//! registries that this machine's clients use, and posts check runs.

use anyhow::{Context, Result, bail};
use clap::Parser;
use lockgate_tests::{
    demo::{
        lockfiles::Lockfiles,
        pulls::{self, Pull, Repository},
        server::{self, Server},
        table,
    },
    fake_github::{CheckRun, FakeGitHub, Options},
};
use std::{path::PathBuf, time::Duration};

/// Longest wait for all check runs.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Parser)]
struct Arguments {
    /// The server's binary.
    #[arg(long)]
    lockgate: PathBuf,
    /// Kept between runs: the database, the lockfiles.
    #[arg(long)]
    state: PathBuf,
    /// End when the decisions are there.
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.state).with_context(|| format!("make {}", arguments.state.display()))?;
    println!("  lockfiles: from the registries of this machine's clients");
    let lockfiles = Lockfiles::new(arguments.state.join("lockfiles"));
    let repository = tokio::task::spawn_blocking(move || pulls::repository(&lockfiles)).await?;
    for left_out in &repository.left_out {
        println!("  left out, {left_out}");
    }
    // Ids and names of its own for each run: the database remembers the repositories of earlier ones.
    let now = chrono::Utc::now();
    let repositories_above = u64::try_from(now.timestamp())?;
    let github = FakeGitHub::start_with(Options { repositories_above, ..Options::default() }).await?;
    println!("  GitHub's stand-in: {}", github.url());
    let repo = format!("octo/shop-{}", now.format("%m%d-%H%M%S"));
    commit_base(&github, &repo, &repository)?;
    let identity = server::identity_provider().await;
    println!("  identity provider: {}", identity.issuer());
    let server = Server::start(&arguments.lockgate, &arguments.state, &github, &identity).await?;
    println!("  lockgate serve: {}", server.address());

    let mut opened = Vec::new();
    for pull in &repository.pulls {
        opened.push((pull, open(&github, &server, &repo, pull).await?));
    }
    let runs = wait(&github, &repo, &opened).await?;
    table::print(&runs);
    println!("\ndecisions: {}", server.address());
    println!("  sign in there as viewer, reviewer, auditor or admin: the demo's identity provider asks who you are");
    if arguments.once {
        return server.stop().await;
    }
    println!("Ctrl-C ends the demo");
    tokio::signal::ctrl_c().await?;
    server.stop().await
}

fn commit_base(github: &FakeGitHub, repo: &str, repository: &Repository) -> Result<()> {
    github.create_repository(repo, true)?;
    let files: Vec<(&str, &str)> = repository.base.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    github.commit_files(repo, "main", &files)?;
    Ok(())
}

/// Opens the pull request and delivers its signed webhook; answers the head's id.
async fn open(github: &FakeGitHub, server: &Server, repo: &str, pull: &Pull) -> Result<String> {
    let files: Vec<(&str, &str)> = pull.files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    github.commit_files(repo, pull.branch, &files)?;
    let opened = github.open_pull_request(repo, repo, pull.branch, "main")?;
    let payload = github.pull_request_event(repo, opened.number, "opened")?;
    let delivered = github.deliver(&server.webhook()?, "pull_request", &payload).await?;
    if delivered.status != 202 {
        bail!("deliver {:?}: {} {}", pull.title, delivered.status, delivered.body);
    }
    Ok(opened.head_sha)
}

async fn wait<'a>(github: &FakeGitHub, repo: &str, opened: &[(&'a Pull, String)]) -> Result<Vec<(&'a Pull, CheckRun)>> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut shown = 0;
    loop {
        let runs: Vec<(&Pull, CheckRun)> = opened
            .iter()
            .filter_map(|(pull, head)| {
                Some((*pull, github.check_runs(repo, head).into_iter().find(|r| r.status == "completed")?))
            })
            .collect();
        if runs.len() > shown {
            shown = runs.len();
            println!("  {shown} of {} check runs completed", opened.len());
        }
        if shown == opened.len() {
            return Ok(runs);
        }
        if tokio::time::Instant::now() >= deadline {
            bail!(
                "{} of {} check runs are not completed after {PATIENCE:?}; the server's log says why",
                opened.len() - shown,
                opened.len()
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
