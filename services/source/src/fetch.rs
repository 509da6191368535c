//! Fetching commits by id over smart HTTP (git protocol version 2).
//!
//! A check is about one commit, not about where a branch points by now, so the commit's id is what is asked for
//! (`uploadpack.allowReachableSHA1InWant`, which GitHub grants). One level of history suffices where the merge base is
//! known from elsewhere. Servers that only give out references get asked for those.

use crate::{
    Repository, Secret, SourceError, folder,
    repository::object_id,
    server::{Failure, Server},
    watch::Watch,
};
use gix::{
    bstr::BString,
    progress::Discard,
    remote::{
        Direction,
        fetch::{Shallow, Tags},
    },
};
use lockgate_model::CommitSha;
use std::{
    num::NonZeroU32,
    path::PathBuf,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};
use url::Url;

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
        let server = Server::new(&request.url, request.token.as_ref())?;
        let deadline = Instant::now() + request.timeout;
        let _held = folder::acquire(&request.into, deadline)?;
        let repository = Self::open(&request.into)?;
        let unshallow = request.history == History::Full && repository.local().is_shallow().unwrap_or(false);
        let missing: Vec<&CommitSha> =
            request.commits.iter().filter(|sha| unshallow || !repository.has_commit(sha)).collect();
        if missing.is_empty() {
            return Ok(repository);
        }
        let attempt = Attempt { request, server, deadline };
        attempt.by_id(&repository, &missing, unshallow)?;
        // A fresh handle: the old one may not have seen the new pack.
        let repository = Self::open(&request.into)?;
        match request.commits.iter().find(|sha| !repository.has_commit(sha)) {
            Some(sha) => Err(attempt.server.missing(sha)),
            None => Ok(repository),
        }
    }
}

struct Attempt<'a> {
    request: &'a FetchRequest,
    server: Server<'a>,
    deadline: Instant,
}

impl Attempt<'_> {
    fn by_id(&self, repository: &Repository, missing: &[&CommitSha], unshallow: bool) -> Result<(), SourceError> {
        let mut specs: Vec<String> = Vec::with_capacity(missing.len() + 1);
        for sha in missing {
            object_id(sha)
                .ok_or_else(|| self.server.unsupported(format!("{sha} is a SHA-256 id, which is not supported")))?;
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
            Err(Failure::NotGiven(_) | Failure::Other(SourceError::Transient { .. })) if fallback => {
                self.by_reference(repository)
            }
            Err(Failure::NotGiven(_)) => Err(self.server.missing(missing[0])),
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
            let tail = tail.ok_or_else(|| self.server.unsupported(format!("{name:?} is not a full reference name")))?;
            specs.push(format!("+{name}:refs/lockgate/tips/{tail}"));
        }
        let shallow =
            if repository.local().is_shallow().unwrap_or(false) { Shallow::undo() } else { Shallow::NoChange };
        match self.run(repository, &specs, shallow) {
            // None of the references exists: the commits are missing, which the caller finds out.
            Err(Failure::NotGiven(_)) => Ok(()),
            Err(Failure::Other(e)) => Err(e),
            Ok(()) => Ok(()),
        }
    }

    fn run(&self, repository: &Repository, specs: &[String], shallow: Shallow) -> Result<(), Failure> {
        let watch = Watch::new(&self.request.into, self.deadline, self.request.timeout, self.request.pack_bytes);
        watch
            .over(&self.server.name, |interrupt| self.receive(&repository.local(), specs, shallow, interrupt))
            .map_err(|ended| ended.unwrap_or_else(|error| self.server.sort(&error)))
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
            .with_transport_options(Box::new(self.server.transport(self.request.timeout)));
        connection.prepare_fetch(Discard, Default::default())?.with_shallow(shallow).receive(Discard, interrupt)?;
        Ok(())
    }
}
