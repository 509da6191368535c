//! `lockgate check`: a server's decision on a commit, for any CI.

use super::outcome_code;
use anyhow::{Context, Result, bail};
use lockgate_model::{CommitSha, RepoId};
use lockgate_report::{self as report, Report};
use reqwest::StatusCode;
use std::{process::ExitCode, time::Duration};
use url::Url;

const POLL: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The server's address.
    #[arg(long)]
    server: Url,
    #[arg(long, value_name = "OWNER/NAME")]
    repo: RepoId,
    #[arg(long)]
    sha: CommitSha,
    /// Wait until there is a decision.
    #[arg(long)]
    wait: bool,
    /// Longest wait in seconds; then the answer is: incomplete.
    #[arg(long, default_value_t = 900)]
    timeout: u64,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode> {
    let path = format!("api/v1/repos/{}/commits/{}/decision", arguments.repo, arguments.sha);
    let url = arguments.server.join(&path).context("build the server's address")?;
    let client =
        reqwest::Client::builder().user_agent(crate::server::USER_AGENT).timeout(Duration::from_secs(30)).build()?;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(arguments.timeout);
    loop {
        let answer = client.get(url.clone()).send().await.with_context(|| format!("ask {}", arguments.server))?;
        match answer.status() {
            StatusCode::OK => {
                let report: Report = answer.json().await.context("read the server's answer")?;
                print!("{}", report::text(&report, report::Color::Never));
                return Ok(outcome_code(report.outcome));
            }
            StatusCode::ACCEPTED | StatusCode::NOT_FOUND => {
                let undecided = format!("{} has no decision on {} yet", arguments.server, arguments.sha.short());
                if !arguments.wait {
                    bail!("{undecided}; use --wait to wait for one");
                }
                if tokio::time::Instant::now() >= deadline {
                    println!("incomplete: {undecided} after {} s", arguments.timeout);
                    return Ok(outcome_code(lockgate_model::Outcome::Incomplete));
                }
            }
            status => bail!("{} answered {status}; see its log", arguments.server),
        }
        tokio::time::sleep(POLL).await;
    }
}
