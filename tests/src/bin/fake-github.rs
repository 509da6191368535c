//! The fake GitHub as a program: a script or a test that kills the server, not GitHub, drives it under `/_control/`.

use anyhow::{Context, Result};
use clap::Parser;
use lockgate_tests::fake_github::{FakeGitHub, Options, RateLimits};
use std::{
    fs::OpenOptions,
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use url::Url;

/// Plays GitHub for one App on a loopback address.
#[derive(Debug, Parser)]
struct Arguments {
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder for the repositories; the App's private key is written there as app-key.pem.
    #[arg(long)]
    state: PathBuf,
    /// The App's client id.
    #[arg(long, default_value = "Iv23.lockgate-demo")]
    app_id: String,
    #[arg(long)]
    webhook_secret: String,
    /// Where webhooks are sent.
    #[arg(long)]
    target: Option<Url>,
    /// Where the REST API begins: `/api/v3` on a GitHub Enterprise Server.
    #[arg(long, default_value = "")]
    base_path: String,
    /// How long an installation token lasts, in seconds.
    #[arg(long, default_value_t = 3600)]
    token_seconds: i64,
    /// Refuse as GitHub does when too much is asked.
    #[arg(long)]
    rate_limits: bool,
    /// Do not hold requests and answers to GitHub's description, which costs time.
    #[arg(long)]
    undescribed: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    anyhow::ensure!(
        arguments.listen.ip().is_loopback(),
        "{} is no loopback address: the control interface has no locks",
        arguments.listen
    );
    let github = FakeGitHub::start_with(Options {
        listen: arguments.listen,
        client_id: arguments.app_id,
        webhook_secret: arguments.webhook_secret,
        state: Some(arguments.state.clone()),
        target: arguments.target,
        base_path: arguments.base_path,
        token_lifetime: chrono::TimeDelta::seconds(arguments.token_seconds),
        rate_limits: arguments.rate_limits.then(RateLimits::default),
        described: !arguments.undescribed,
        ..Options::default()
    })
    .await?;
    let key = arguments.state.join("app-key.pem");
    write_private(&key, github.private_key_pem()).with_context(|| format!("write {}", key.display()))?;
    println!("{}", github.url());
    github.join().await;
    Ok(())
}

/// A key is for its owner alone.
fn write_private(path: &Path, content: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())
}
