//! A repository on disk, opened so that nothing but its objects and references has a say.

use crate::{SourceError, cache::Lease, error::describe, tree};
use bytes::Bytes;
use gix::{ObjectId, ThreadSafeRepository, odb::store::init::Slots};
use lockgate_model::CommitSha;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Packs for which an open repository has room: a cache gets more while it is read, and gix then finds nothing in any.
const PACKS: usize = 256;
/// Longest revision expression that is parsed.
const REVISION_CHARS: usize = 200;

/// A local repository. Cheap to clone; may be used from several threads.
#[derive(Clone)]
pub struct Repository {
    inner: ThreadSafeRepository,
    path: PathBuf,
    /// Of a cache: keeps it on disk.
    lease: Option<Arc<Lease>>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Repository").field(&self.path).finish()
    }
}

/// Options under which nothing outside the repository is read, and its own replacement references are not heeded: with
/// `refs/replace`, whoever prepared a repository could show other content under a commit's id.
pub(crate) fn isolated() -> gix::open::Options {
    let slots = Slots::AsNeededByDiskState { multiplier: 1.1, minimum: PACKS };
    gix::open::Options::isolated().strict_config(false).object_store_slots(slots).config_overrides([
        "core.useReplaceRefs=false",
        "gitoxide.objects.noReplace=true",
        "gitoxide.objects.allocLimit=1073741824",
    ])
}

impl Repository {
    /// Opens the repository at `path`: a bare one, or the folder that holds `.git`.
    ///
    /// # Errors
    /// [`SourceError::Damaged`] when there is none.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let damaged =
            |e: gix::Error| SourceError::Damaged { repository: path.display().to_string(), message: describe(&e) };
        let inner = isolated().open(path).map_err(damaged)?;
        Ok(Self { inner, path: path.to_owned(), lease: None })
    }

    pub(crate) fn under(self, lease: Arc<Lease>) -> Self {
        Self { lease: Some(lease), ..self }
    }

    /// Where the repository was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The commit that `rev` names: a branch, a tag, an abbreviated id, `HEAD~2` (gitrevisions(7)).
    ///
    /// # Errors
    /// [`SourceError::UnknownRevision`].
    pub fn resolve(&self, rev: &str) -> Result<CommitSha, SourceError> {
        self.check_length(rev)?;
        let repo = self.local();
        let commit = repo
            .rev_parse_single(rev)
            .and_then(|id| id.object()?.peel_to_commit())
            .map_err(|e| self.unknown(rev, describe(&e)))?;
        Ok(commit_sha(commit.id))
    }

    /// Whether the commit and its tree are here.
    pub fn has_commit(&self, sha: &CommitSha) -> bool {
        let repo = self.local();
        let tree = object_id(sha).and_then(|id| repo.find_commit(id).ok()?.tree_id().ok().map(|t| t.detach()));
        tree.is_some_and(|tree| repo.has_object(tree))
    }

    /// The best common ancestor, or `None` when there is none or when the history that would show it was not fetched:
    /// the caller then compares with the base that it was given.
    ///
    /// # Errors
    /// [`SourceError::UnknownRevision`] when one of the commits is not here, [`SourceError::Damaged`].
    pub fn merge_base(&self, one: &CommitSha, other: &CommitSha) -> Result<Option<CommitSha>, SourceError> {
        let repo = self.local();
        let (a, b) = (self.commit_id(&repo, one)?, self.commit_id(&repo, other)?);
        let shallow = repo.is_shallow().unwrap_or(true);
        match repo.merge_base_with_graph(a, b, &mut repo.revision_graph(None)) {
            Ok(base) => Ok(base.map(|id| commit_sha(id.detach()))),
            Err(e) if e.is_not_found() || shallow => Ok(None),
            Err(e) => Err(self.damaged(&e)),
        }
    }

    /// The bytes of a commit object, as hashed and as signed.
    ///
    /// # Errors
    /// [`SourceError::UnknownRevision`] when it is not here.
    pub fn commit(&self, sha: &CommitSha) -> Result<Bytes, SourceError> {
        let repo = self.local();
        let id = self.commit_id(&repo, sha)?;
        let commit = repo.find_commit(id).map_err(|e| self.damaged(&e))?;
        Ok(Bytes::copy_from_slice(&commit.data))
    }

    /// The files that differ between `base` (`None`: nothing) and `head` and whose path `want` accepts.
    ///
    /// # Errors
    /// [`SourceError::TooLarge`] for a wanted file beyond [`tree::MAX_BLOB_BYTES`] or a tree beyond any use,
    /// [`SourceError::Hostile`] for a tree that git's own check refuses, [`SourceError::UnknownRevision`] when a commit
    /// is not here, [`SourceError::Damaged`] (a cache is then fetched anew by the next fetch).
    pub fn changed_files(
        &self,
        base: Option<&CommitSha>,
        head: &CommitSha,
        want: &dyn Fn(&str) -> bool,
    ) -> Result<tree::Changes, SourceError> {
        let repo = self.local();
        let old = base.map(|sha| self.tree_id(&repo, sha)).transpose()?;
        let new = self.tree_id(&repo, head)?;
        self.noting_damage(tree::changes(&tree::Reader::new(&repo, self.name()), old, new, want))
    }

    /// The files at `paths` of a commit; those that are not there, or are no files, are left out.
    ///
    /// # Errors
    /// As [`Self::changed_files`].
    pub fn files_at(&self, rev: &CommitSha, paths: &[String]) -> Result<Vec<(String, Bytes)>, SourceError> {
        let repo = self.local();
        let tree = self.tree_id(&repo, rev)?;
        self.noting_damage(tree::files(&tree::Reader::new(&repo, self.name()), tree, paths))
    }

    /// The commits of the submodules at `paths` of a commit; what is none is left out.
    ///
    /// # Errors
    /// As [`Self::changed_files`].
    pub fn submodules_at(&self, rev: &CommitSha, paths: &[String]) -> Result<Vec<(String, CommitSha)>, SourceError> {
        let repo = self.local();
        let tree = self.tree_id(&repo, rev)?;
        self.noting_damage(tree::submodules(&tree::Reader::new(&repo, self.name()), tree, paths))
    }

    /// The contents that [`Self::changed_files`], and [`Self::files_at`] for what lies beside, would read and that are
    /// not here.
    pub(crate) fn lacking_contents(
        &self,
        base: Option<&CommitSha>,
        head: &CommitSha,
        want: &dyn Fn(&str) -> bool,
        beside: &dyn Fn(&str) -> Vec<String>,
    ) -> Result<Vec<ObjectId>, SourceError> {
        let repo = self.local();
        let old = base.map(|sha| self.tree_id(&repo, sha)).transpose()?;
        let new = self.tree_id(&repo, head)?;
        let wanted =
            self.noting_damage(tree::wanted(&tree::Reader::new(&repo, self.name()), old, new, want, beside))?;
        Ok(wanted.into_iter().filter(|id| !repo.has_object(*id)).collect())
    }

    /// The files at `rev` whose path `want` accepts.
    ///
    /// # Errors
    /// As [`Self::changed_files`].
    pub fn files(&self, rev: &CommitSha, want: &dyn Fn(&str) -> bool) -> Result<tree::Files, SourceError> {
        let changes = self.changed_files(None, rev, want)?;
        let file = |f: tree::ChangedFile| f.new.map(|content| (f.path, content));
        Ok(tree::Files { files: changes.files.into_iter().filter_map(file).collect(), skipped: changes.skipped })
    }

    pub(crate) fn local(&self) -> gix::Repository {
        self.inner.to_thread_local()
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Has a cache whose objects cannot be read replaced by the next fetch.
    fn noting_damage<T>(&self, outcome: Result<T, SourceError>) -> Result<T, SourceError> {
        if let (Err(SourceError::Damaged { .. }), Some(lease)) = (&outcome, &self.lease) {
            lease.mark_damaged();
        }
        outcome
    }

    pub(crate) fn check_length(&self, rev: &str) -> Result<(), SourceError> {
        if rev.is_empty() || rev.len() > REVISION_CHARS {
            return Err(self.unknown(rev, format!("a revision has 1 to {REVISION_CHARS} characters")));
        }
        Ok(())
    }

    pub(crate) fn unknown(&self, rev: &str, message: String) -> SourceError {
        let rev = rev.chars().take(REVISION_CHARS).collect();
        SourceError::UnknownRevision { repository: self.name(), rev, message }
    }

    pub(crate) fn damaged(&self, error: &gix::Error) -> SourceError {
        SourceError::Damaged { repository: self.name(), message: describe(error) }
    }

    fn commit_id(&self, repo: &gix::Repository, sha: &CommitSha) -> Result<ObjectId, SourceError> {
        object_id(sha).filter(|id| repo.has_object(*id)).ok_or_else(|| SourceError::UnknownRevision {
            repository: self.name(),
            rev: sha.to_string(),
            message: "the commit is not here; fetch it first".into(),
        })
    }

    fn tree_id(&self, repo: &gix::Repository, sha: &CommitSha) -> Result<ObjectId, SourceError> {
        let id = self.commit_id(repo, sha)?;
        let commit = repo.find_commit(id).map_err(|e| self.damaged(&e))?;
        commit.tree_id().map(|t| t.detach()).map_err(|e| self.damaged(&e))
    }
}

/// `None` for ids of a hash that this build does not read (SHA-256).
pub(crate) fn object_id(sha: &CommitSha) -> Option<ObjectId> {
    ObjectId::from_hex(sha.as_str().as_bytes()).ok()
}

pub(crate) fn commit_sha(id: ObjectId) -> CommitSha {
    id.to_string().parse().expect("an object id prints as hexadecimal of full length")
}
