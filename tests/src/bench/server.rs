//! The optimised server as a process of its own, on a cluster that loses nothing.

use super::{Options, process};
use crate::fake_github::FakeGitHub;
use anyhow::{Context, Result, bail};
use lockgate_model::Ecosystem;
use lockgate_postgres::{Cluster, ClusterConfig};
use lockgate_store::provision::{self, Urls};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::Url;

const START: Duration = Duration::from_secs(60);

/// The cluster of all figures: durable, made once.
pub(super) async fn cluster(options: &Options) -> Result<Cluster> {
    let folder = options.state.join("postgres");
    let ensure = move || {
        let mut log = |line: &str| println!("    {line}");
        Cluster::ensure(&mut ClusterConfig::new(folder, &mut log))
    };
    tokio::task::spawn_blocking(ensure).await?.context("start the cluster of the benchmark")
}

/// A database of this run alone, dropped by [`Database::remove`]; left-over ones go first.
pub(super) struct Database {
    pub(super) admin: String,
    pub(super) urls: Urls,
}

impl Database {
    pub(super) async fn create(cluster: &Cluster) -> Result<Self> {
        let admin = cluster.admin_url();
        let urls = provision::scratch(&admin, &cluster.runtime_password()).await?;
        Ok(Self { admin, urls })
    }

    pub(super) async fn remove(self) -> Result<()> {
        Ok(provision::drop_database(&self.admin, &self.urls.database).await?)
    }
}

/// How the server is to be.
pub(super) struct Settings<'a> {
    pub role: &'a str,
    pub workers: usize,
    pub github: &'a FakeGitHub,
    /// Address of the registry, under `/npm/`.
    pub registry: &'a str,
}

/// `lockgate serve`; killed when dropped.
pub(super) struct Server {
    child: Child,
    base: Url,
    /// Configuration, secrets, log and git cache.
    folder: TempDir,
    /// Reads `/metrics`.
    token: String,
}

impl Server {
    pub(super) async fn start(options: &Options, database: &Database, settings: Settings<'_>) -> Result<Self> {
        let folder = TempDir::new()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let base: Url = format!("http://127.0.0.1:{port}/").parse()?;
        let config = configure(folder.path(), &base, &settings)?;
        let log = fs::File::create(folder.path().join("serve.log"))?;
        let child = command(options, &config, database)
            .args(["serve", "--role", settings.role])
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", options.lockgate.display()))?;
        let mut server = Self { child, base, folder, token: String::new() };
        server.ready().await?;
        server.token = monitor_token(options, &config, database).await?;
        Ok(server)
    }

    pub(super) fn webhook(&self) -> Url {
        self.base.join("webhooks/github").expect("a constant path joins")
    }

    /// Resident memory in MiB: now, and at its peak.
    pub(super) fn memory(&self) -> Result<(f64, f64)> {
        process::memory(self.child.id().context("the server has ended")?)
    }

    /// Seconds spent in the jobs of each kind, and how many there were, as the server counts them.
    pub(super) async fn jobs(&self) -> Result<Vec<(String, f64, f64)>> {
        let asking = reqwest::Client::new().get(self.base.join("metrics")?).bearer_auth(&self.token);
        let text = asking.send().await?.error_for_status()?.text().await?;
        let value = |name: &str, kind: &str| -> f64 {
            let labelled = format!("{name}{{kind=\"{kind}\"}} ");
            text.lines().find_map(|l| l.strip_prefix(&labelled)).and_then(|v| v.parse().ok()).unwrap_or_default()
        };
        let kinds = text.lines().filter_map(|l| l.strip_prefix("lockgate_job_seconds_count{kind=\""));
        let kinds: Vec<&str> = kinds.filter_map(|rest| rest.split_once('"')).map(|(kind, _)| kind).collect();
        let seen = |kind: &&str| {
            let (sum, count) = (value("lockgate_job_seconds_sum", kind), value("lockgate_job_seconds_count", kind));
            ((*kind).to_owned(), sum, count)
        };
        Ok(kinds.iter().map(seen).collect())
    }

    async fn ready(&mut self) -> Result<()> {
        let until = Instant::now() + START;
        let probe = self.base.join("readyz")?;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                bail!("lockgate serve ended with {status}: {}", self.log());
            }
            if reqwest::get(probe.clone()).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("lockgate serve is not ready after {START:?}: {}", self.log())
    }

    /// The end of what it wrote.
    pub(super) fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("serve.log")).unwrap_or_default();
        text.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    pub(super) async fn stop(mut self) -> Result<()> {
        if let Some(id) = self.child.id() {
            Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        }
        tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await.context("stop lockgate serve")??;
        Ok(())
    }
}

/// `lockgate token create` prints the token alone.
async fn monitor_token(options: &Options, config: &Path, database: &Database) -> Result<String> {
    // Several servers of a run share a database.
    let name = uuid::Uuid::new_v4().to_string();
    let create = ["token", "create", "--name", &name, "--role", "monitor", "--expires", "24h"];
    let output = command(options, config, database).args(create).output().await?;
    if !output.status.success() {
        bail!("lockgate token create: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// `lockgate` on this configuration and database.
pub(super) fn command(options: &Options, config: &Path, database: &Database) -> Command {
    let mut command = Command::new(&options.lockgate);
    command
        .env("LOCKGATE_CONFIG", config)
        .env("LOCKGATE_DATABASE_URL", &database.urls.runtime)
        .env("LOCKGATE_DATABASE_OWNER_URL", &database.urls.owner);
    command
}

fn configure(folder: &Path, base: &Url, settings: &Settings<'_>) -> Result<PathBuf> {
    let secret = |name: &str, text: &str| -> Result<String> {
        let path = folder.join(name);
        fs::write(&path, text)?;
        Ok(path.display().to_string())
    };
    let github = settings.github;
    let host = settings.registry.trim_start_matches("http://").to_owned();
    let address = format!("{}:{}", base.host_str().unwrap_or_default(), base.port().unwrap_or_default());
    let mut table = toml::Table::new();
    table.insert("data_dir".to_owned(), folder.join("data").display().to_string().into());
    let mut section = |name: &str, pairs: Vec<(&str, toml::Value)>| {
        let pairs = pairs.into_iter().map(|(key, value)| (key.to_owned(), value));
        table.insert(name.to_owned(), toml::Value::Table(pairs.collect()));
    };
    section("server", vec![("listen", address.into()), ("public_url", base.to_string().into())]);
    section(
        "github",
        vec![
            ("api_url", github.url().to_string().into()),
            ("web_url", github.clone_url("octo/shop").join("/")?.to_string().into()),
            ("client_id", github.client_id().into()),
            ("private_key_file", secret("app.pem", github.private_key_pem())?.into()),
            ("webhook_secret_files", vec![secret("webhook-secret", github.webhook_secret())?].into()),
        ],
    );
    section("work", vec![("workers", i64::try_from(settings.workers)?.into())]);
    let mut npm = toml::Table::new();
    npm.insert("url".to_owned(), format!("{}/npm/", settings.registry).into());
    npm.insert("artifact_hosts".to_owned(), vec![host].into());
    let registries = toml::Table::from_iter([(Ecosystem::Npm.to_string(), toml::Value::Table(npm))]);
    table.insert("registries".to_owned(), registries.into());
    let path = folder.join("lockgate.toml");
    fs::write(&path, table.to_string())?;
    Ok(path)
}

/// A configuration that holds nothing but a folder, for commands on a database.
pub(super) fn bare_configuration(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("lockgate.toml");
    fs::write(&path, format!("data_dir = {:?}\n", folder.join("data").display().to_string()))?;
    Ok(path)
}
