//! `lockgate check`: a server's decision on a commit, for any CI.
//!
//! The token comes from `LOCKGATE_TOKEN` or a file, never from an argument: other processes of the machine can read those.

use super::outcome_code;
use crate::{
    config::{is_private, secret_from},
    web::auth::MachineToken,
};
use anyhow::{Context, Result, bail};
use lockgate_model::{CommitSha, RepoId};
use lockgate_outbound::{Client, Hosts, Network, Settings};
use lockgate_report::{self as report, Report};
use reqwest::StatusCode;
use std::{path::PathBuf, process::ExitCode, time::Duration};
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
    /// A file with a token of role viewer; the environment variable LOCKGATE_TOKEN wins.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// The header that proves who asks. Not sent over a network where others could read it.
fn authorization(arguments: &Arguments) -> Result<Option<String>> {
    let Some(text) = secret_from("LOCKGATE_TOKEN", arguments.token_file.as_deref())? else { return Ok(None) };
    let token = MachineToken::parse(&text)
        .context("read LOCKGATE_TOKEN or --token-file: it holds no token; `lockgate token create` prints one")?;
    if !is_private(&arguments.server) {
        bail!("{} is plain http on a network: it would show the token; give the https address", arguments.server);
    }
    Ok(Some(format!("Bearer {}", token.expose())))
}

/// The server was named on the command line, so it may be in a private network; nothing else is asked.
fn client(server: &Url) -> Result<Client> {
    let network = Network::new(server.host_str().map(str::to_owned), None);
    let settings = Settings::new(crate::server::USER_AGENT).timeout(Duration::from_secs(30));
    Client::new(Hosts::within(network).with(server), &settings).context("set up the client")
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode> {
    let path = format!("api/v1/repos/{}/commits/{}/decision", arguments.repo, arguments.sha);
    let url = arguments.server.join(&path).context("build the server's address")?;
    let client = client(&arguments.server)?;
    let authorization = authorization(arguments)?;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(arguments.timeout);
    loop {
        let mut request = client.get(&url)?;
        if let Some(value) = &authorization {
            request = request.header("authorization", value);
        }
        let answer = request.send().await.with_context(|| format!("ask {}", arguments.server))?;
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
            StatusCode::UNAUTHORIZED if authorization.is_none() => bail!(
                "{} wants to know who asks: set LOCKGATE_TOKEN or give --token-file; `lockgate token create --role viewer` \
                 makes one there",
                arguments.server
            ),
            StatusCode::UNAUTHORIZED => bail!(
                "{} does not know this token: it is revoked, expired or another server's; see `lockgate token list` there",
                arguments.server
            ),
            StatusCode::FORBIDDEN => {
                bail!("{} does not let this token read decisions; give one of role viewer", arguments.server)
            }
            status => bail!("{} answered {status}; see its log", arguments.server),
        }
        tokio::time::sleep(POLL).await;
    }
}
