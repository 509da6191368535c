//! The server under test: the production wiring, on loopback, with a database of its own.

mod database;

pub use database::TestDatabase;

use crate::{
    fake_github::{CheckRun, FakeGitHub, PullRequest},
    registry::Registries,
};
use lockgate_gate::{
    config::{Config, GithubConfig, RegistrySection, ServerConfig, WorkConfig},
    jobs::Context,
    server,
    web::{Role, auth},
};
use lockgate_model::Ecosystem;
use lockgate_store::{
    Store,
    access::{
        Scope,
        tokens::{self, NewToken},
    },
    advisories, jobs, waivers,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tracing_subscriber::EnvFilter;
use url::Url;

/// The repository of most tests.
pub const REPO: &str = "octo/shop";
/// Longest wait for a check to complete.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server with its stage. End it with [`TestApp::finish`].
#[derive(Debug)]
pub struct TestApp {
    pub github: FakeGitHub,
    pub registries: Registries,
    pub context: Arc<Context>,
    pub base: Url,
    /// Of a machine of role admin, for every installation.
    pub token: String,
    database: Option<TestDatabase>,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl TestApp {
    /// A server with an advisory feed that concerns nobody.
    pub async fn start() -> Self {
        Self::start_with_feed(|_| {}).await
    }

    /// As [`TestApp::start`], with another configuration.
    pub async fn start_with_feed(change: impl FnOnce(&mut Config)) -> Self {
        let app = Self::start_with(change).await;
        app.import_advisories(&[advisory(
            "GHSA-0000-0000-0000",
            "npm",
            "nobody-uses-this",
            "1.0.1",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        )])
        .await;
        app
    }

    /// A server into which no advisory was ever imported.
    pub async fn start_without_feed() -> Self {
        Self::start_with(|_| {}).await
    }

    /// As [`TestApp::start_without_feed`], with another configuration.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_as(Role::All, change).await
    }

    /// As [`TestApp::start_with`], with the doors of `role` alone: without workers nothing happens by itself.
    pub async fn start_as(role: Role, change: impl FnOnce(&mut Config)) -> Self {
        // `RUST_LOG=debug` shows what a failing test's server did.
        let _ = tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_test_writer().try_init();
        let (github, registries) =
            (FakeGitHub::start().await.expect("the fake GitHub starts"), Registries::start().await);
        let database = TestDatabase::create().await;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let base: Url = format!("http://{address}/").parse().expect("a socket address is an address");
        let mut config = configuration(&github, &registries, &folder, &base);
        change(&mut config);
        let store = Store::connect(database.runtime_url(), 12).await.expect("the test's database answers");
        let context = server::context(config, store).expect("the test's configuration is good");
        let token = new_token(&context.store, "test", auth::Role::Admin, Scope::EveryInstallation).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = server::serve(Arc::clone(&context), role, listener, async move {
            let _ = stopped.await;
        });
        let server = tokio::spawn(async move { serving.await.expect("the server runs until it is stopped") });
        Self {
            github,
            registries,
            context,
            base,
            token,
            database: Some(database),
            folder,
            stop: Some(stop),
            server: Some(server),
        }
    }

    pub fn store(&self) -> &Store {
        &self.context.store
    }

    /// A machine token of its own name.
    pub async fn token_for(&self, role: auth::Role, scope: Scope) -> String {
        new_token(self.store(), &uuid::Uuid::new_v4().to_string(), role, scope).await
    }

    /// The folder of secrets and configuration.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A configuration file for commands that work on this server's database.
    pub fn configuration_file(&self) -> std::path::PathBuf {
        let path = self.folder.path().join("lockgate.toml");
        let text = toml_text(&self.context.config);
        std::fs::write(&path, text).expect("the temporary folder is writable");
        path
    }

    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().expect("the database lives as long as the server")
    }

    /// The run-time address of this server's database.
    pub fn database_url(&self) -> &str {
        self.database.as_ref().expect("the database lives as long as the server").runtime_url()
    }

    pub async fn import_advisories(&self, records: &[Value]) {
        let text = |record: &Value, pointer: &str| {
            record.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let rows = records.iter().map(|record| advisories::Record {
            id: text(record, "/id"),
            modified: chrono::Utc::now(),
            packages: vec![(
                match text(record, "/affected/0/package/ecosystem").as_str() {
                    "PyPI" => Ecosystem::Pypi,
                    "crates.io" => Ecosystem::Cargo,
                    _ => Ecosystem::Npm,
                },
                text(record, "/affected/0/package/name"),
            )],
            body: record.clone(),
        });
        let digest = lockgate_model::Digest::sha256(format!("{records:?}").as_bytes());
        let mut transaction = self.store().begin().await.expect("the database answers");
        advisories::import(&mut transaction, "test", &digest, rows).await.expect("the records can be imported");
        transaction.commit().await.expect("the database answers");
    }

    /// Where webhooks go.
    pub fn webhook(&self) -> Url {
        self.base.join("webhooks/github").expect("a constant path joins")
    }

    /// Makes the repository with `files` on `main`.
    pub fn repository(&self, files: &[(&str, &str)]) {
        self.github.create_repository(REPO, true).expect("the repository is new");
        self.github.commit_files(REPO, "main", files).expect("the files can be committed");
    }

    /// Opens a pull request that changes `files`, delivers the webhook, and waits for the final check run.
    pub async fn judge(&self, branch: &str, files: &[(&str, &str)]) -> CheckRun {
        let pull = self.open(branch, files).await;
        self.completed(&pull.head_sha).await
    }

    /// Opens a pull request and delivers its webhook.
    pub async fn open(&self, branch: &str, files: &[(&str, &str)]) -> PullRequest {
        self.github.commit_files(REPO, branch, files).expect("the files can be committed");
        let pull = self.github.open_pull_request(REPO, REPO, branch, "main").expect("the branch exists");
        let payload = self.github.pull_request_event(REPO, pull.number, "opened").expect("the pull request exists");
        let delivered =
            self.github.deliver(&self.webhook(), "pull_request", &payload).await.expect("the server answers");
        assert_eq!(delivered.status, 202, "{}", delivered.body);
        pull
    }

    /// Waits until the only check run of `sha` is completed.
    pub async fn completed(&self, sha: &str) -> CheckRun {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let mut runs = self.github.check_runs(REPO, sha);
            assert!(runs.len() <= 1, "{sha} has {} check runs", runs.len());
            if runs.first().is_some_and(|run| run.status == "completed") && self.is_idle().await {
                return runs.remove(0);
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "{sha} has no final check run after {PATIENCE:?}: {runs:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the run that stood as `before` is completed once more.
    pub async fn completed_again(&self, before: &CheckRun) -> CheckRun {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let now = self.completed(&before.head_sha).await;
            if now.completions > before.completions {
                return now;
            }
            assert!(tokio::time::Instant::now() < deadline, "{} is not completed again", before.head_sha);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn is_idle(&self) -> bool {
        jobs::unfinished(self.store().pool()).await.expect("the database answers") == 0
    }

    /// Waits until no job is left.
    pub async fn idle(&self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !self.is_idle().await {
            assert!(tokio::time::Instant::now() < deadline, "there are jobs after {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until `reached`.
    pub async fn until(&self, reached: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !reached(self) {
            assert!(tokio::time::Instant::now() < deadline, "it was not reached within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Grants a waiver for a week, as a reviewer does.
    pub async fn grant(&self, waiver: uuid::Uuid) {
        let now = chrono::Utc::now();
        let grant = waivers::Answer::Grant { expires_at: now + chrono::TimeDelta::days(7) };
        let mut connection = self.store().pool().acquire().await.expect("the database answers");
        let answered = waivers::answer(&mut connection, waiver, grant, "person:reviewer", "reviewed", now).await;
        assert_eq!(answered.expect("the database answers"), waivers::Answered::Done);
    }

    /// Empties the queue behind the server's back.
    pub async fn delete_jobs(&self) {
        self.database().execute("delete from jobs").await;
    }

    /// GET of a path of the server, as admin: status and body.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let url = self.base.join(path).expect("a path joins");
        let request = reqwest::Client::new().get(url).bearer_auth(&self.token);
        let answer = request.send().await.expect("the server answers");
        (answer.status().as_u16(), answer.text().await.expect("the answer is text"))
    }

    /// Stops the server and asserts that no job was left behind.
    pub async fn finish(mut self) {
        self.idle().await;
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(server) = self.server.take() {
            server.await.expect("the server ends without a panic");
        }
        self.store().close().await;
        if let Some(database) = self.database.take() {
            database.remove().await;
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        assert!(self.server.is_none() || std::thread::panicking(), "end a TestApp with finish()");
    }
}

async fn new_token(store: &Store, name: &str, role: auth::Role, scope: Scope) -> String {
    let token = auth::MachineToken::random().expect("this machine has randomness");
    let expires_at = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    let new = NewToken { name, role: role.name(), scope: &scope, hash: &token.hash(), expires_at };
    tokens::create(store.pool(), &new).await.expect("the token can be kept");
    token.expose()
}

fn configuration(github: &FakeGitHub, registries: &Registries, folder: &TempDir, base: &Url) -> Config {
    let secret = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("the temporary folder is writable");
        path
    };
    let section = |ecosystem: Ecosystem| RegistrySection {
        url: registries.url(ecosystem).parse().expect("the registry has an address"),
        artifact_hosts: vec![registries.base().trim_start_matches("http://").to_owned()],
        lockfile_addresses: Vec::new(),
        token_file: None,
    };
    Config {
        data_dir: folder.path().join("data"),
        server: ServerConfig { public_url: base.clone(), ..ServerConfig::default() },
        database: Default::default(),
        github: Some(GithubConfig {
            api_url: github.url(),
            web_url: github.clone_url(REPO).join("/").expect("a host has a root"),
            client_id: github.client_id().to_owned(),
            private_key_file: secret("app.pem", github.private_key_pem()),
            webhook_secret_files: vec![secret("webhook", github.webhook_secret())],
            limits: Default::default(),
        }),
        registries: Ecosystem::ALL.into_iter().map(|e| (e, section(e))).collect(),
        policy: Default::default(),
        classifier: Default::default(),
        signature: Default::default(),
        work: WorkConfig {
            workers: 2,
            attempts: 2,
            retry_seconds: 0,
            registry_seconds: 3,
            registry_retries: 1,
            registry_fresh_seconds: 0,
            ..WorkConfig::default()
        },
        telemetry: Default::default(),
        outbound: Default::default(),
        retention: Default::default(),
        mirror: None,
        firewall: None,
        pins: Default::default(),
        auth: Default::default(),
    }
}

fn toml_text(config: &Config) -> String {
    toml::to_string(config).expect("a configuration has a TOML form")
}

/// An OSV record about one npm-like package, fixed in `fixed`.
pub fn advisory(id: &str, ecosystem: &str, name: &str, fixed: &str, vector: &str) -> Value {
    json!({
        "schema_version": "1.7.0",
        "id": id,
        "modified": "2024-01-01T00:00:00Z",
        "summary": format!("{name} runs what it is sent"),
        "severity": [{ "type": "CVSS_V3", "score": vector }],
        "affected": [{
            "package": { "ecosystem": ecosystem, "name": name },
            "ranges": [{ "type": if ecosystem == "PyPI" { "ECOSYSTEM" } else { "SEMVER" }, "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
        }],
    })
}
