//! Fetching commits by id over smart HTTP (git protocol version 2).
//!
//! A check is about one commit, not about where a branch points by now, so the commit's id is what is asked for
//! (`uploadpack.allowReachableSHA1InWant`, which GitHub grants). One level of history suffices where the merge base is
//! known from elsewhere. Servers that only give out references get asked for those.

use crate::{
    Repository, Secret, SourceError, cache,
    error::describe,
    repository::object_id,
    watch::{Verdict, Watch},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use gix::{
    bstr::BString,
    progress::Discard,
    protocol::transport::client::blocking_io::http,
    remote::{
        Direction,
        fetch::{Shallow, Tags},
    },
};
use lockgate_model::CommitSha;
use secrecy::ExposeSecret;
use std::{
    num::NonZeroU32,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use url::Url;

/// Longest wait for one answer or one part of it.
const SILENCE: Duration = Duration::from_secs(60);
/// Matches nothing, so that the server need not list its (perhaps hundreds of thousands of) references.
const NO_REFERENCES: &str = "refs/lockgate-none/*:refs/lockgate-none/*";

/// How much of the past is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// The commits alone. Enough to compare them; not enough for a merge base.
    Tip,
    /// Everything that they descend from.
    Full,
}

/// What to fetch, from where, into which cache.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// `https://HOST/OWNER/NAME.git`; http for loopback addresses alone when there is a token.
    pub url: Url,
    pub commits: Vec<CommitSha>,
    /// Full names (`refs/heads/main`, `refs/pull/7/head`) that are fetched where the server does not give out commits by
    /// id. May be empty.
    pub references: Vec<String>,
    pub token: Option<Secret>,
    pub history: History,
    /// A folder that belongs to this repository alone; created when absent. It only grows: remove it, and the lock file
    /// beside it, when no fetch is using it.
    pub into: PathBuf,
    pub timeout: Duration,
    /// Limit for what one fetch may add.
    pub pack_bytes: u64,
}

impl Repository {
    /// Makes sure that all of `request.commits` are in the cache, and opens it. Commits that are there already cost no
    /// request. Calls for the same folder, from any process, wait for each other.
    ///
    /// # Errors
    /// [`SourceError::CommitMissing`] while the server does not have one of the commits (a webhook can be faster than the
    /// commit), else as its texts say.
    pub fn fetch(request: &FetchRequest) -> Result<Self, SourceError> {
        let name = check_address(&request.url, request.token.is_some())?;
        let deadline = Instant::now() + request.timeout;
        let _held = cache::acquire(&request.into, deadline)?;
        let repository = Self::open(&request.into)?;
        let unshallow = request.history == History::Full && repository.local().is_shallow().unwrap_or(false);
        let missing: Vec<&CommitSha> =
            request.commits.iter().filter(|sha| unshallow || !repository.has_commit(sha)).collect();
        if missing.is_empty() {
            return Ok(repository);
        }
        let attempt = Attempt { request, name, deadline };
        attempt.by_id(&repository, &missing, unshallow)?;
        // A fresh handle: the old one may not have seen the new pack.
        let repository = Self::open(&request.into)?;
        match request.commits.iter().find(|sha| !repository.has_commit(sha)) {
            Some(sha) => Err(attempt.missing(sha)),
            None => Ok(repository),
        }
    }
}

struct Attempt<'a> {
    request: &'a FetchRequest,
    /// Host and path, for errors.
    name: String,
    deadline: Instant,
}

impl Attempt<'_> {
    fn by_id(&self, repository: &Repository, missing: &[&CommitSha], unshallow: bool) -> Result<(), SourceError> {
        let mut specs: Vec<String> = Vec::with_capacity(missing.len() + 1);
        for sha in missing {
            object_id(sha).ok_or_else(|| self.unsupported(format!("{sha} is a SHA-256 id, which is not supported")))?;
            specs.push(format!("+{sha}:refs/lockgate/{sha}"));
        }
        specs.push(NO_REFERENCES.to_owned());
        let shallow = match self.request.history {
            History::Tip => Shallow::DepthAtRemote(NonZeroU32::MIN),
            History::Full if unshallow => Shallow::undo(),
            History::Full => Shallow::NoChange,
        };
        let fallback = !self.request.references.is_empty();
        match self.run(repository, &specs, shallow) {
            // Before protocol version 2 the refusal comes where the pack should, and gix reads it as a broken pack.
            Err(Failure::NotGiven | Failure::Other(SourceError::Transient { .. })) if fallback => {
                self.by_reference(repository)
            }
            Err(Failure::NotGiven) => Err(self.missing(missing[0])),
            Err(Failure::Other(e)) => Err(e),
            Ok(()) => Ok(()),
        }
    }

    /// The commit may be behind the reference's tip by now, so the whole history is fetched.
    fn by_reference(&self, repository: &Repository) -> Result<(), SourceError> {
        let mut specs = Vec::with_capacity(self.request.references.len());
        for name in &self.request.references {
            let plain = name.bytes().all(|b| b.is_ascii_graphic() && !b":*?[\\^~+".contains(&b));
            let tail = name.strip_prefix("refs/").filter(|_| plain);
            let tail = tail.ok_or_else(|| self.unsupported(format!("{name:?} is not a full reference name")))?;
            specs.push(format!("+{name}:refs/lockgate/tips/{tail}"));
        }
        let shallow =
            if repository.local().is_shallow().unwrap_or(false) { Shallow::undo() } else { Shallow::NoChange };
        match self.run(repository, &specs, shallow) {
            // None of the references exists: the commits are missing, which the caller finds out.
            Err(Failure::NotGiven) => Ok(()),
            Err(Failure::Other(e)) => Err(e),
            Ok(()) => Ok(()),
        }
    }

    fn run(&self, repository: &Repository, specs: &[String], shallow: Shallow) -> Result<(), Failure> {
        let watch = Watch::new(&self.request.into, self.deadline, self.request.pack_bytes);
        let received = thread::scope(|scope| {
            scope.spawn(|| watch.stand());
            let received = self.receive(&repository.local(), specs, shallow, &watch.interrupt);
            watch.done.store(true, Ordering::Relaxed);
            received
        });
        received.map_err(|error| match watch.verdict() {
            Some(Verdict::Late) => Failure::Other(SourceError::TimedOut {
                repository: self.name.clone(),
                seconds: self.request.timeout.as_secs(),
            }),
            Some(Verdict::Large) => Failure::Other(SourceError::TooLarge {
                subject: format!("what the server sends for {}", self.name),
                limit: self.request.pack_bytes,
                unit: "bytes",
            }),
            None => self.sort(&error),
        })
    }

    fn receive(
        &self,
        repo: &gix::Repository,
        specs: &[String],
        shallow: Shallow,
        interrupt: &AtomicBool,
    ) -> Result<(), gix::Error> {
        let specs = specs.iter().map(|s| BString::from(s.as_str()));
        let remote = repo
            .remote_at_without_url_rewrite(self.request.url.as_str())?
            .with_refspecs(specs, Direction::Fetch)?
            .with_fetch_tags(Tags::None);
        // No credential helper is ever asked: the token is all there is.
        let connection = remote
            .connect(Direction::Fetch)?
            .with_credentials(|_| Ok(None))
            .with_transport_options(Box::new(self.transport()));
        connection.prepare_fetch(Discard, Default::default())?.with_shallow(shallow).receive(Discard, interrupt)?;
        Ok(())
    }

    /// HTTP as we want it: our header, no redirect with it, no proxy or certificate settings but the system's.
    fn transport(&self) -> http::Options {
        let silence = SILENCE.min(self.request.timeout);
        let client = http::reqwest::Options {
            configure_client: Some(Box::new(move |builder| Ok(builder.timeout(silence).connect_timeout(silence)))),
            configure_request: None,
        };
        http::Options {
            extra_headers: self.request.token.iter().map(authorization).collect(),
            backend: Some(Arc::new(Mutex::new(client))),
            ..http::Options::default()
        }
    }

    /// Sorts gix's error by its text and class: its types do not tell a missing commit from a missing repository.
    fn sort(&self, error: &gix::Error) -> Failure {
        let message = self.without_token(describe(error));
        let has = |texts: &[&str]| texts.iter().any(|t| message.contains(t));
        let repository = self.name.clone();
        if has(&["not our ref", "unadvertised object", "None of the refspec"]) {
            return Failure::NotGiven;
        }
        Failure::Other(if has(&["HTTP status 404", "HTTP status 410"]) {
            SourceError::RepositoryMissing { repository }
        } else if has(&["HTTP status 401", "HTTP status 403"])
            || error.is_unauthenticated()
            || error.is_permission_denied()
        {
            SourceError::Unauthorized { repository }
        } else if error.is_unsupported() {
            SourceError::Unsupported { repository, message }
        } else {
            SourceError::Transient { repository, message }
        })
    }

    /// The token is in no address and no error of gix; this holds if one ever quotes a header.
    fn without_token(&self, mut text: String) -> String {
        for token in self.request.token.iter().filter(|t| !t.expose_secret().is_empty()) {
            text = text.replace(token.expose_secret(), "***").replace(&basic(token), "***");
        }
        text
    }

    fn missing(&self, sha: &CommitSha) -> SourceError {
        SourceError::CommitMissing { repository: self.name.clone(), sha: sha.clone() }
    }

    fn unsupported(&self, message: String) -> SourceError {
        SourceError::Unsupported { repository: self.name.clone(), message }
    }
}

enum Failure {
    /// The server does not give out what was asked for.
    NotGiven,
    Other(SourceError),
}

fn authorization(token: &Secret) -> String {
    format!("Authorization: Basic {}", basic(token))
}

fn basic(token: &Secret) -> String {
    STANDARD.encode(format!("x-access-token:{}", token.expose_secret()))
}

/// Accepts http(s) alone and returns the repository's name for errors. `file:` and `ssh:` would start programs.
fn check_address(url: &Url, token: bool) -> Result<String, SourceError> {
    let name = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
    let refuse =
        |message: &str| Err(SourceError::Unsupported { repository: name.clone(), message: message.to_owned() });
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(host)) => host == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback || !token => {}
        "http" => return refuse("a token is not sent over plain http; use https"),
        "file" => return refuse("open a local repository by its path instead"),
        _ => return refuse("only http and https addresses are fetched"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("the address must not hold credentials; configure a token");
    }
    Ok(name)
}
