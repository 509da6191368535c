//! Bringing into one repository what a comparison needs: the commits with their trees, then the wanted contents.

use super::{CacheRequest, generation::Generation};
use crate::{
    Repository, SourceError,
    repository::object_id,
    server::{Failure, Server},
    session::{Ask, Session},
    watch::Watch,
};
use gix::ObjectId;
use lockgate_model::CommitSha;
use std::{io, time::Instant};

/// What a repository does not have yet. Contents are known once the trees are here.
#[derive(Debug, Default)]
pub(super) struct Lacks<'a> {
    commits: Vec<&'a CommitSha>,
    contents: Vec<ObjectId>,
}

impl Lacks<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.contents.is_empty()
    }
}

/// One request being answered. The server is greeted once, and only when something is lacking.
pub(super) struct Filling<'a> {
    request: &'a CacheRequest,
    server: &'a Server<'a>,
    deadline: Instant,
    session: Option<Session>,
    received: u64,
    /// Whether contents are left out at first. A server that then does not give them out by id gets asked for all.
    without_contents: bool,
}

impl<'a> Filling<'a> {
    pub(super) fn new(request: &'a CacheRequest, server: &'a Server<'a>, deadline: Instant) -> Self {
        Self { request, server, deadline, session: None, received: 0, without_contents: true }
    }

    /// Bytes of packs that came.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    pub(super) fn lacks(&self, repository: &Repository) -> Result<Lacks<'a>, SourceError> {
        let CacheRequest { base, head, want, beside, .. } = self.request;
        let both = base.iter().chain([head]);
        let commits: Vec<&CommitSha> = both.filter(|sha| !repository.has_commit(sha)).collect();
        let contents = match commits.is_empty() {
            true => repository.lacking_contents(base.as_ref(), head, want, beside)?,
            false => Vec::new(),
        };
        Ok(Lacks { commits, contents })
    }

    /// Completes what is there already; `None` when a fresh repository should be filled instead.
    pub(super) fn complete(&mut self, generation: &Generation) -> Result<Option<Repository>, SourceError> {
        let Some(repository) = generation.open()? else { return Ok(None) };
        let lacks = self.lacks(&repository)?;
        if lacks.is_empty() {
            return Ok(Some(repository));
        }
        if generation.is_overgrown() {
            return Ok(None);
        }
        drop(repository);
        // What was sent and cannot be read is a damaged pack, which the same pack does not replace.
        if !self.fetch_into(generation)? {
            return Ok(None);
        }
        generation.open()
    }

    /// Fetches everything into a fresh repository.
    pub(super) fn fill(&mut self, generation: &Generation) -> Result<(), SourceError> {
        match self.fetch_into(generation)? {
            true => Ok(()),
            false => Err(SourceError::Transient {
                repository: self.server.name.clone(),
                message: "the server sent less than it was asked for".into(),
            }),
        }
    }

    /// Fetches whatever `generation` lacks, and returns whether it then has everything.
    fn fetch_into(&mut self, generation: &Generation) -> Result<bool, SourceError> {
        let opened = || generation.open()?.ok_or_else(|| vanished(generation));
        let repository = opened()?;
        let lacks = self.lacks(&repository)?;
        if !lacks.commits.is_empty() {
            self.commits(generation, &repository, &lacks.commits)?;
        }
        let repository = opened()?;
        if lacks.commits.iter().any(|sha| !repository.has_commit(sha)) {
            return Ok(false);
        }
        generation.note(&lacks.commits).map_err(|e| super::damaged(generation.path(), &e))?;
        let contents = self.lacks(&repository)?.contents;
        if !contents.is_empty() {
            self.contents(generation, &repository, &contents)?;
        }
        Ok(self.lacks(&opened()?)?.is_empty())
    }

    fn commits(
        &mut self,
        generation: &Generation,
        repository: &Repository,
        commits: &[&CommitSha],
    ) -> Result<(), SourceError> {
        let id = |sha: &&CommitSha| {
            object_id(sha)
                .ok_or_else(|| self.server.unsupported(format!("{sha} is a SHA-256 id, which is not supported")))
        };
        let wants: Vec<ObjectId> = commits.iter().map(id).collect::<Result<_, _>>()?;
        let haves = generation.haves(repository);
        let ask = Ask { wants: &wants, haves: &haves, shallow: true, without_contents: self.without_contents };
        self.receive(generation, repository, ask).map_err(|failure| match failure {
            Failure::NotGiven(words) => {
                let named = commits.iter().find(|sha| words.contains(sha.as_str()));
                self.server.missing(named.unwrap_or(&commits[0]))
            }
            Failure::Other(e) => e,
        })
    }

    fn contents(
        &mut self,
        generation: &Generation,
        repository: &Repository,
        wants: &[ObjectId],
    ) -> Result<(), SourceError> {
        let ask = Ask { wants, haves: &[], shallow: false, without_contents: true };
        match self.receive(generation, repository, ask) {
            Ok(()) => Ok(()),
            Err(Failure::Other(e)) => Err(e),
            Err(Failure::NotGiven(_)) if self.without_contents => {
                // Such a server is asked for everything, into a fresh repository.
                self.without_contents = false;
                Err(super::damaged(generation.path(), &io::Error::other("the server gives out no contents by id")))
            }
            Err(Failure::NotGiven(words)) => Err(self.server.unsupported(words)),
        }
    }

    fn receive(&mut self, generation: &Generation, repository: &Repository, ask: Ask<'_>) -> Result<(), Failure> {
        let CacheRequest { timeout, pack_bytes, .. } = self.request;
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(Session::open(self.server, *timeout)?),
        };
        let watch = Watch::new(generation.path(), self.deadline, *timeout, *pack_bytes);
        let received = watch
            .over(&self.server.name, |interrupt| session.receive(&repository.local(), ask, interrupt))
            .map_err(|ended| ended.unwrap_or_else(|error| self.server.sort(&error)))?;
        self.received += received;
        Ok(())
    }
}

fn vanished(generation: &Generation) -> SourceError {
    super::damaged(generation.path(), &io::Error::other("it was removed while it was locked"))
}
