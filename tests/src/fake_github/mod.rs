//! A GitHub that keeps state.
//!
//! One server on a loopback address plays the REST API, the git server and the sender of webhooks, for one App with
//! one installation. It holds real bare repositories, opens pull requests in them, and accepts check runs under the
//! rules that GitHub documents: what it would answer 422, this answers 422. A test arranges state through
//! [`FakeGitHub`], lets the product act over HTTP, and looks at the state again.

mod access;
mod check_runs;
mod control;
mod faults;
mod git;
mod payloads;
mod pull_requests;
mod repositories;
mod rest;
mod smart_http;
mod webhooks;

pub use access::AppKey;
pub use check_runs::CheckRun;
pub use faults::{Fault, FaultTiming};
pub use git::FileChange;
pub use pull_requests::PullRequest;
pub use webhooks::{Delivered, sign};

use access::Tokens;
use anyhow::{Context, Result};
use faults::Faults;
use repositories::Repository;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};
use tempfile::TempDir;
use url::Url;

/// Id of the one installation.
pub const INSTALLATION: u64 = 42;
/// Numeric id of the App.
pub const APP_ID: u64 = 7;

/// How to start one.
#[derive(Debug, Clone)]
pub struct Options {
    pub listen: SocketAddr,
    pub client_id: String,
    pub webhook_secret: String,
    /// Where repositories are kept; a temporary folder if `None`.
    pub state: Option<PathBuf>,
    /// Where webhooks go that the control interface causes.
    pub target: Option<Url>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            client_id: "Iv23.lockgate-test".into(),
            webhook_secret: "a secret of the tests".into(),
            state: None,
            target: None,
        }
    }
}

/// A running fake. Dropping it stops the server and removes the repositories.
#[derive(Debug)]
pub struct FakeGitHub {
    pub(crate) shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    address: SocketAddr,
    options: Options,
    folder: PathBuf,
    key: &'static AppKey,
    state: Mutex<State>,
    client: reqwest::Client,
    _temporary: Option<TempDir>,
}

/// Everything that changes.
#[derive(Debug, Default)]
pub(crate) struct State {
    repositories: BTreeMap<String, Repository>,
    tokens: Tokens,
    faults: Faults,
    /// Method and path of every request, in order.
    requests: Vec<String>,
    ids: u64,
}

impl State {
    fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }
}

impl FakeGitHub {
    /// Starts on a free port with the default options.
    pub async fn start() -> Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts as told.
    pub async fn start_with(options: Options) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind(options.listen).await.context("bind the fake GitHub")?;
        let temporary = if options.state.is_none() { Some(TempDir::new()?) } else { None };
        let folder = match (&options.state, &temporary) {
            (Some(folder), _) => folder.clone(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => unreachable!("a temporary folder was made where none was given"),
        };
        std::fs::create_dir_all(folder.join("repositories"))?;
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            options,
            folder,
            key: AppKey::of_this_process(),
            state: Mutex::default(),
            client: reqwest::Client::builder().no_proxy().build()?,
            _temporary: temporary,
        });
        let router = rest::router(shared.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the fake GitHub stopped");
            }
        });
        Ok(Self { shared, server })
    }

    /// Base address of the REST API.
    pub fn url(&self) -> Url {
        self.shared.url()
    }

    /// What the product must be configured with to be this App.
    pub fn client_id(&self) -> &str {
        &self.shared.options.client_id
    }

    /// The App's private key. One per process, made when first needed.
    pub fn private_key_pem(&self) -> &str {
        self.shared.key.private_pem()
    }

    pub fn webhook_secret(&self) -> &str {
        &self.shared.options.webhook_secret
    }

    /// Where git finds `repo` (`OWNER/NAME`).
    pub fn clone_url(&self, repo: &str) -> Url {
        self.shared.clone_url(repo)
    }

    /// Lets the next `count` requests that contain `path` fail.
    pub fn fail_next(&self, count: usize, path: &str, timing: FaultTiming, fault: Fault) {
        self.shared.state().faults.add(count, path, timing, fault);
    }

    /// `METHOD /path` of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.shared.state().requests.clone()
    }

    /// Makes all installation tokens invalid, as a rotated key does.
    pub fn revoke_tokens(&self) {
        self.shared.state().tokens = Tokens::default();
    }

    /// Serves until the process ends: for the demo.
    pub async fn join(mut self) {
        let _ = (&mut self.server).await;
    }
}

impl Drop for FakeGitHub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn url(&self) -> Url {
        format!("http://{}/", self.address).parse().expect("a socket address makes an address")
    }

    fn clone_url(&self, repo: &str) -> Url {
        format!("http://{}/{repo}.git", self.address).parse().expect("a repository name makes an address")
    }
}
