//! The fake GitHub as a program, for the demo: a script drives it under `/_control/`.

use anyhow::{Context, Result};
use clap::Parser;
use lockgate_tests::fake_github::{FakeGitHub, Options};
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
