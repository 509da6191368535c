//! The real server as a process of its own, configured by its own commands.

use crate::{
    fake_github::FakeGitHub,
    oidc::{CLIENT_SECRET, Person, Provider},
};
use anyhow::{Context, Result, bail};
use lockgate_gate::{config::GrantConfig, web::auth::Role};
use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};
use url::Url;

/// A first start initialises the database.
const START: Duration = Duration::from_secs(60);

/// Who can sign in to the demo: one for each role of people, named after it.
const PEOPLE: [Role; 4] = [Role::Viewer, Role::Reviewer, Role::Auditor, Role::Admin];

/// The demo's identity provider: whoever comes chooses who to be.
pub async fn identity_provider() -> Provider {
    Provider::start_with_choice(PEOPLE.map(|role| Person::new(role.name(), &[role.name()])).to_vec()).await
}

/// `lockgate serve`; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: Url,
}

impl Server {
    /// `lockgate init`, `lockgate advisories import`, `lockgate serve`.
    ///
    /// # Errors
    /// When one of them fails; the log lies in `state`.
    pub async fn start(lockgate: &Path, state: &Path, github: &FakeGitHub, identity: &Provider) -> Result<Self> {
        let config = state.join("lockgate.toml");
        configure(lockgate, state, &config, github, identity).await?;
        let osv = state.join("advisories.json");
        write_records(&osv)?;
        run(lockgate, &config, &["advisories", "import", &osv.display().to_string()]).await?;
        let log = state.join("serve.log");
        let out = File::create(&log)?;
        let child = Command::new(lockgate)
            .arg("serve")
            .env("LOCKGATE_CONFIG", &config)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", lockgate.display()))?;
        let address = address(&config)?;
        let mut server = Self { child, address };
        server.ready(&log).await?;
        Ok(server)
    }

    pub fn address(&self) -> &Url {
        &self.address
    }

    /// # Errors
    /// Never in practice: a constant path joins.
    pub fn webhook(&self) -> Result<Url> {
        Ok(self.address.join("webhooks/github")?)
    }

    async fn ready(&mut self, log: &Path) -> Result<()> {
        let until = Instant::now() + START;
        let probe = self.address.join("readyz")?;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                bail!("lockgate serve ended with {status}; see {}", log.display());
            }
            if reqwest::get(probe.clone()).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("lockgate serve is not ready after {START:?}; see {}", log.display())
    }

    /// Asks the server to stop and waits until it has.
    ///
    /// # Errors
    /// When it does not end by itself.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(id) = self.child.id() {
            Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        }
        tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await.context("stop lockgate serve")??;
        Ok(())
    }
}

async fn run(lockgate: &Path, config: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new(lockgate).args(arguments).env("LOCKGATE_CONFIG", config).output().await?;
    if !output.status.success() {
        bail!("lockgate {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        println!("    {line}");
    }
    Ok(())
}

/// What `lockgate init` writes, with the stand-in as its GitHub. Kept: the clients are asked once.
async fn configure(
    lockgate: &Path,
    state: &Path,
    config: &Path,
    github: &FakeGitHub,
    identity: &Provider,
) -> Result<()> {
    let written = state.join("init.toml");
    if !written.exists() {
        println!("  lockgate init: asking the clients for their registries");
        run(lockgate, &written, &["init", "--data-dir", &state.join("data").display().to_string()]).await?;
    }
    let secret = |name: &str, text: &str| -> Result<PathBuf> {
        let path = state.join(name);
        fs::write(&path, text)?;
        Ok(path)
    };
    let mut table: toml::Table = fs::read_to_string(&written)?.parse()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    table.insert("server".to_owned(), toml::toml! { listen = "" public_url = "" max_body_bytes = 26214400 }.into());
    let server = table["server"].as_table_mut().context("server is a table")?;
    server.insert("listen".to_owned(), format!("127.0.0.1:{port}").into());
    server.insert("public_url".to_owned(), format!("http://127.0.0.1:{port}/").into());
    let mut section = toml::Table::new();
    section.insert("api_url".to_owned(), github.url().to_string().into());
    section.insert("web_url".to_owned(), github.clone_url("octo/shop").join("/")?.to_string().into());
    section.insert("client_id".to_owned(), github.client_id().into());
    section.insert(
        "private_key_file".to_owned(),
        secret("app.pem", github.private_key_pem())?.display().to_string().into(),
    );
    let webhook = secret("webhook-secret", github.webhook_secret())?;
    section.insert("webhook_secret_files".to_owned(), vec![webhook.display().to_string()].into());
    table.insert("github".to_owned(), section.into());
    let grants = PEOPLE.map(|role| GrantConfig { group: role.name().to_owned(), role, installations: None }).to_vec();
    let auth = identity.auth(secret("oidc-secret", CLIENT_SECRET)?, grants);
    table.insert("auth".to_owned(), toml::Value::try_from(auth)?);
    fs::write(config, table.to_string()).with_context(|| format!("write {}", config.display()))
}

fn address(config: &Path) -> Result<Url> {
    let table: toml::Table = fs::read_to_string(config)?.parse()?;
    Ok(table["server"]["public_url"].as_str().context("public_url is a text")?.parse()?)
}

/// A feed of one record, about a weakness that everybody knows.
fn write_records(path: &Path) -> Result<()> {
    let records: Vec<serde_json::Value> = serde_json::from_str(include_str!("advisories.json"))?;
    let record = records.first().context("the demo brings a record")?;
    Ok(fs::write(path, record.to_string())?)
}
