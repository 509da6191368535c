//! `lockgate serve` as a process, with its stage: a GitHub, registries, a database, a trace collector, its log in a file.

use axum::{Router, body::Bytes, extract::State, routing::post};
use lockgate_gate::{
    config::{Config, GithubConfig, RegistrySection, ServerConfig, WorkConfig},
    web::auth::{MachineToken, Role},
};
use lockgate_model::Ecosystem;
use lockgate_store::{
    Store,
    access::{
        Scope,
        tokens::{self, NewToken},
    },
    advisories,
};
use lockgate_tests::{
    app::{REPO, TestDatabase},
    fake_github::{CheckRun, FakeGitHub},
    registry::Registries,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const REGISTRY_TOKEN: &str = "canary-registry-token-5b1e";
pub(crate) const WEBHOOK_SECRET_KEY: &str = "webhook";

pub(crate) struct Stage {
    pub(crate) github: FakeGitHub,
    pub(crate) registries: Registries,
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
    pub(crate) base: Url,
    pub(crate) folder: TempDir,
    pub(crate) config: Config,
    traces: Arc<Mutex<Vec<Bytes>>>,
    server: Option<Child>,
}

impl Stage {
    /// Starts everything, with log lines of this form, in as much detail as `RUST_LOG` is set to.
    pub(crate) async fn start(json: bool, detail: &str) -> Self {
        let (github, registries) =
            (FakeGitHub::start().await.expect("what the test needs is there"), Registries::start().await);
        let database = TestDatabase::create().await;
        let store = Store::connect(database.runtime_url(), 4).await.expect("what the test needs is there");
        let folder = tempfile::tempdir().expect("what the test needs is there");
        let traces = Arc::<Mutex<Vec<Bytes>>>::default();
        let otlp = collector(Arc::clone(&traces)).await;
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("what the test needs is there")
            .local_addr()
            .expect("it works in a test")
            .port();
        let base: Url = format!("http://127.0.0.1:{port}/").parse().expect("what the test needs is there");
        let mut config = configuration(&github, &registries, folder.path(), &base);
        config.server.listen = format!("127.0.0.1:{port}").parse().expect("what the test needs is there");
        config.telemetry.json = json;
        config.telemetry.otlp_endpoint = Some(otlp);
        let mut stage = Self { github, registries, database, store, base, folder, config, traces, server: None };
        stage.import_feed().await;
        fs::write(stage.configuration_file(), toml::to_string(&stage.config).expect("what the test needs is there"))
            .expect("it works in a test");
        let log = fs::File::create(stage.folder.path().join("log")).expect("what the test needs is there");
        let mut serve = stage.lockgate(&["serve"]);
        stage.server = Some(
            serve
                .env("RUST_LOG", detail)
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .expect("what the test needs is there"),
        );
        stage.ready().await;
        stage
    }

    async fn import_feed(&self) {
        let mut transaction = self.store.begin().await.expect("what the test needs is there");
        let digest = lockgate_model::Digest::sha256(b"feed");
        advisories::import(&mut transaction, "test", &digest, Vec::new()).await.expect("what the test needs is there");
        transaction.commit().await.expect("what the test needs is there");
    }

    async fn ready(&self) {
        let until = Instant::now() + PATIENCE;
        let probe = self.base.join("readyz").expect("what the test needs is there");
        while !reqwest::get(probe.clone()).await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(Instant::now() < until, "the server is not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn configuration_file(&self) -> PathBuf {
        self.folder.path().join("lockgate.toml")
    }

    /// A command on this server's configuration and database.
    pub(crate) fn lockgate(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
        command
            .args(arguments)
            .env("LOCKGATE_CONFIG", self.configuration_file())
            .env("LOCKGATE_DATABASE_URL", self.database.runtime_url());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.lockgate(arguments);
        tokio::task::spawn_blocking(move || command.output().expect("what the test needs is there"))
            .await
            .expect("it works in a test")
    }

    pub(crate) fn process(&self) -> u32 {
        self.server.as_ref().expect("the server runs").id()
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).expect("what the test needs is there"))
            .into_owned()
    }

    /// Everything that was sent to the trace collector.
    pub(crate) fn traces(&self) -> String {
        String::from_utf8_lossy(&self.traces.lock().expect("what the test needs is there").concat()).into_owned()
    }

    pub(crate) async fn token(&self, name: &str, role: Role, scope: Scope) -> String {
        let token = MachineToken::random().expect("what the test needs is there");
        let expires_at = chrono::Utc::now() + chrono::TimeDelta::hours(1);
        let new = NewToken { name, role: role.name(), scope: &scope, hash: &token.hash(), expires_at };
        tokens::create(self.store.pool(), &new).await.expect("what the test needs is there");
        token.expose()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, String) {
        let url = self.base.join(path).expect("what the test needs is there");
        let answer =
            reqwest::Client::new().get(url).bearer_auth(token).send().await.expect("what the test needs is there");
        (answer.status().as_u16(), answer.text().await.expect("what the test needs is there"))
    }

    /// The only check run of `sha`, completed.
    pub(crate) async fn completed(&self, sha: &str) -> CheckRun {
        let until = Instant::now() + PATIENCE;
        loop {
            let runs = self.github.check_runs(REPO, sha);
            if let Some(run) = runs.into_iter().find(|run| run.status == "completed") {
                return run;
            }
            assert!(Instant::now() < until, "{sha} has no final check run: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops the server, so that its last spans and readings are written.
    pub(crate) async fn stop(&mut self) {
        if let Some(mut child) = self.server.take() {
            Command::new("kill")
                .args(["-TERM", &child.id().to_string()])
                .status()
                .expect("what the test needs is there");
            let code = tokio::task::spawn_blocking(move || child.wait().expect("what the test needs is there").code())
                .await
                .expect("it works in a test");
            assert_eq!(code, Some(0), "{}", self.log());
        }
    }

    pub(crate) async fn finish(mut self) {
        self.stop().await;
        self.store.close().await;
        self.database.remove().await;
    }
}

/// A collector for OTLP over HTTP, and its address.
async fn collector(seen: Arc<Mutex<Vec<Bytes>>>) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("what the test needs is there");
    let url = format!("http://{}/v1/traces", listener.local_addr().expect("what the test needs is there"))
        .parse()
        .expect("it works in a test");
    let keep = |State(seen): State<Arc<Mutex<Vec<Bytes>>>>, body: Bytes| async move {
        seen.lock().expect("what the test needs is there").push(body)
    };
    let routes = Router::new().route("/v1/traces", post(keep)).with_state(seen);
    tokio::spawn(async move { axum::serve(listener, routes).await.expect("what the test needs is there") });
    url
}

fn secret(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).expect("what the test needs is there");
    path
}

fn configuration(github: &FakeGitHub, registries: &Registries, folder: &Path, base: &Url) -> Config {
    let section = |ecosystem: Ecosystem| RegistrySection {
        url: registries.url(ecosystem).parse().expect("what the test needs is there"),
        artifact_hosts: vec![registries.base().trim_start_matches("http://").to_owned()],
        lockfile_addresses: Vec::new(),
        token_file: Some(secret(folder, "registry-token", REGISTRY_TOKEN)),
    };
    let mut config: Config = toml::from_str("data_dir = 'd'").expect("what the test needs is there");
    config.data_dir = folder.join("data");
    config.server = ServerConfig { public_url: base.clone(), ..ServerConfig::default() };
    config.github = Some(GithubConfig {
        api_url: github.url(),
        web_url: github.clone_url(REPO).join("/").expect("what the test needs is there"),
        client_id: github.client_id().to_owned(),
        private_key_file: secret(folder, "app.pem", github.private_key_pem()),
        webhook_secret_files: vec![secret(folder, WEBHOOK_SECRET_KEY, github.webhook_secret())],
        limits: Default::default(),
    });
    config.registries = Ecosystem::ALL.into_iter().map(|e| (e, section(e))).collect();
    config.work = WorkConfig {
        workers: 2,
        attempts: 1,
        retry_seconds: 0,
        registry_seconds: 3,
        registry_retries: 0,
        ..WorkConfig::default()
    };
    config
}
