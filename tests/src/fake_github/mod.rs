//! A GitHub that keeps state.
//!
//! One server on a loopback address plays the REST API, the git server and the sender of webhooks, for one App with
//! several installations. It holds real bare repositories, opens pull requests in them, keeps a log of its deliveries, and
//! accepts what GitHub's documentation accepts: what GitHub would answer 422, this answers 422. A test arranges state
//! through [`FakeGitHub`], lets the product act over HTTP, and looks at the state again.

mod access;
mod check_runs;
mod contract;
mod control;
pub mod descriptions;
mod door;
mod faults;
mod git;
mod installations;
mod limits;
mod objects;
mod payloads;
mod pull_requests;
mod repositories;
mod rest;
mod smart_http;
mod webhooks;

pub use access::AppKey;
pub use check_runs::{CheckRun, Tally};
pub use contract::{Contract, Direction, Violation};
pub use faults::{Fault, FaultTiming};
pub use git::FileChange;
pub use installations::Installation;
pub use limits::RateLimits;
pub use pull_requests::PullRequest;
pub use webhooks::{Delivered, LoggedDelivery, sign};

use access::Tokens;
use anyhow::{Context, Result};
use chrono::TimeDelta;
use faults::Faults;
use limits::Meters;
use repositories::Repository;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use url::Url;

/// Id of the installation that exists from the beginning.
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
    /// Where webhooks go that the control interface causes, and redeliveries.
    pub target: Option<Url>,
    /// Where the REST API begins: `/api/v3` on a GitHub Enterprise Server.
    pub base_path: String,
    /// How far GitHub's clock is ahead of this machine's: where one of them is wrong.
    pub clock: TimeDelta,
    /// How long an installation token lasts.
    pub token_lifetime: TimeDelta,
    /// Refuse as GitHub does when too much is asked; off unless given.
    pub rate_limits: Option<RateLimits>,
    /// Hold requests and answers to GitHub's description, where it is provided.
    pub described: bool,
    /// Ids of repositories are above this. Who keeps a database from run to run gives another one each time: to it, the same
    /// id and commit are a question that it has answered.
    pub repositories_above: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            client_id: "Iv23.lockgate-test".into(),
            webhook_secret: "a secret of the tests".into(),
            state: None,
            target: None,
            base_path: String::new(),
            clock: TimeDelta::zero(),
            token_lifetime: TimeDelta::hours(1),
            rate_limits: None,
            described: true,
            repositories_above: 0,
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
    state: Mutex<State>,
    client: reqwest::Client,
    contract: Option<&'static Contract>,
    _temporary: Option<TempDir>,
}

/// Everything that changes. The lock is held for moments only, never while git runs.
#[derive(Debug)]
pub(crate) struct State {
    repositories: BTreeMap<u64, Repository>,
    /// Names that repositories had before; GitHub redirects them until somebody takes the name.
    moved: BTreeMap<String, u64>,
    installations: BTreeMap<u64, Installation>,
    keys: Vec<&'static AppKey>,
    tokens: Tokens,
    faults: Faults,
    meters: Meters,
    deliveries: Vec<LoggedDelivery>,
    /// So many of the next deliveries never arrive.
    losing: usize,
    /// Method and path of every request, in order.
    requests: Vec<String>,
    /// When requests came in and were answered.
    busy: Vec<(Instant, Instant)>,
    /// Where GitHub's description was broken, by either side.
    violations: Vec<Violation>,
    ids: u64,
    /// How far GitHub's clock is ahead.
    clock: TimeDelta,
}

impl State {
    fn new(clock: TimeDelta) -> Self {
        Self {
            repositories: BTreeMap::new(),
            moved: BTreeMap::new(),
            installations: BTreeMap::from([(INSTALLATION, Installation::new(INSTALLATION, "octo"))]),
            keys: vec![AppKey::of_this_process()],
            tokens: Tokens::default(),
            faults: Faults::default(),
            meters: Meters::default(),
            deliveries: Vec::new(),
            losing: 0,
            requests: Vec::new(),
            busy: Vec::new(),
            violations: Vec::new(),
            ids: 0,
            clock,
        }
    }

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
        let contract = if options.described { Contract::provided()? } else { None };
        let clock = options.clock;
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            options,
            folder,
            state: Mutex::new(State::new(clock)),
            client: reqwest::Client::builder().no_proxy().build()?,
            contract,
            _temporary: temporary,
        });
        let router = door::router(&shared).into_make_service_with_connect_info::<faults::Connection>();
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

    /// The App's first private key. One per process, made when first needed.
    pub fn private_key_pem(&self) -> &str {
        AppKey::of_this_process().private_pem()
    }

    /// Adds a second private key to the App, as its settings page does.
    pub fn add_private_key(&self) -> &'static str {
        let key: &'static AppKey = Box::leak(Box::new(AppKey::generate()));
        self.shared.state().keys.push(key);
        key.private_pem()
    }

    /// Deletes all private keys but the newest.
    pub fn delete_old_private_keys(&self) {
        let mut state = self.shared.state();
        let old = state.keys.len() - 1;
        state.keys.drain(..old);
    }

    pub fn webhook_secret(&self) -> &str {
        &self.shared.options.webhook_secret
    }

    /// Where git finds `repo` (`OWNER/NAME`).
    pub fn clone_url(&self, repo: &str) -> Url {
        self.shared.clone_url(repo)
    }

    /// Lets the next `count` requests that contain `path` (in `METHOD /path`) fail.
    pub fn fail_next(&self, count: usize, path: &str, timing: FaultTiming, fault: Fault) {
        self.shared.state().faults.add(count, path, timing, fault);
    }

    /// Ends all failures that were ordered.
    pub fn heal(&self) {
        self.shared.state().faults = Faults::default();
    }

    /// `METHOD /path` of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.shared.state().requests.clone()
    }

    /// Time between `from` and `to` in which at least one request was being answered.
    pub fn busy_between(&self, from: Instant, to: Instant) -> Duration {
        let mut spans: Vec<_> = self.shared.state().busy.iter().copied().filter(|s| s.0 < to && s.1 > from).collect();
        spans.sort_unstable();
        let mut covered = from;
        spans.iter().fold(Duration::ZERO, |sum, (begun, done)| {
            let (begun, done) = ((*begun).max(covered), (*done).min(to));
            covered = covered.max(done);
            sum + done.saturating_duration_since(begun)
        })
    }

    /// How many requests were refused for a rate limit, and the most points that a holder was granted within a minute.
    pub fn limits_met(&self) -> (u64, u32) {
        let state = self.shared.state();
        (state.meters.refused, state.meters.most_points)
    }

    /// Sets GitHub's clock so far ahead of this machine's: as if this machine's had jumped back.
    pub fn set_clock(&self, ahead: TimeDelta) {
        self.shared.state().clock = ahead;
    }

    /// Where the product or the fake broke GitHub's description.
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.state().violations.clone()
    }

    /// Makes all installation tokens invalid.
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

    /// Base address of the REST API.
    fn url(&self) -> Url {
        let base = self.options.base_path.trim_matches('/');
        let base = if base.is_empty() { String::new() } else { format!("{base}/") };
        format!("http://{}/{base}", self.address).parse().expect("a socket address makes an address")
    }

    /// Base address of the pages and of git.
    fn web_url(&self) -> Url {
        format!("http://{}/", self.address).parse().expect("a socket address makes an address")
    }

    fn clone_url(&self, repo: &str) -> Url {
        format!("http://{}/{repo}.git", self.address).parse().expect("a repository name makes an address")
    }
}
