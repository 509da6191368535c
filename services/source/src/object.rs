//! Commits and tags as a repository holds them: for who asks whether they are signed.

use crate::{
    Repository, SourceError,
    error::describe,
    repository::{commit_sha, object_id},
};
use bytes::Bytes;
use gix::{ObjectId, objs::Kind};
use lockgate_model::CommitSha;

/// Largest commit or tag that is read, in bytes.
pub const MAX_OBJECT_BYTES: u64 = 4 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    Commit,
    Tag,
}

/// A commit or an annotated tag. Whether the bytes are those that the id names is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub id: CommitSha,
    pub kind: ObjectKind,
    pub bytes: Bytes,
    /// Of a tag that was asked for by its name: that name, without `refs/tags/`.
    pub name: Option<String>,
}

impl Repository {
    /// The commit or annotated tag that `rev` names (gitrevisions(7)); `v1.0^{commit}` is the commit that a tag names.
    ///
    /// # Errors
    /// [`SourceError::UnknownRevision`], also for a tree or a file; [`SourceError::TooLarge`], [`SourceError::Damaged`].
    pub fn object(&self, rev: &str) -> Result<Object, SourceError> {
        let id = self.parse(rev)?;
        let object = self.read(id, rev)?;
        let name = (object.kind == ObjectKind::Tag).then(|| self.tag_name(rev, id)).flatten();
        Ok(Object { name, ..object })
    }

    /// The commits that lead to `head` and not to `base`, newest first.
    ///
    /// # Errors
    /// [`SourceError::TooLarge`] when they are more than `most`, else as [`Self::object`].
    pub fn between(&self, base: &str, head: &str, most: usize) -> Result<Vec<CommitSha>, SourceError> {
        let (base, head) = (self.resolve(base)?, self.resolve(head)?);
        let repo = self.local();
        let walk = repo.rev_walk(object_id(&head)).with_hidden(object_id(&base)).all();
        let mut found = Vec::new();
        for commit in walk.map_err(|e| self.damaged(&e))? {
            if found.len() == most {
                let subject = format!("the history from {base} to {head}");
                return Err(SourceError::TooLarge { subject, limit: most as u64, unit: "commits" });
            }
            found.push(commit_sha(commit.map_err(|e| self.damaged(&e))?.id));
        }
        Ok(found)
    }

    fn read(&self, id: ObjectId, rev: &str) -> Result<Object, SourceError> {
        let repo = self.local();
        let header = repo.find_header(id).map_err(|e| self.damaged(&e))?;
        let kind = match header.kind() {
            Kind::Commit => ObjectKind::Commit,
            Kind::Tag => ObjectKind::Tag,
            Kind::Tree | Kind::Blob => {
                return Err(self.unknown(rev, format!("it is a {}", header.kind())));
            }
        };
        if header.size() > MAX_OBJECT_BYTES {
            let subject = format!("{} {id} of {}", header.kind(), self.path().display());
            return Err(SourceError::TooLarge { subject, limit: MAX_OBJECT_BYTES, unit: "bytes" });
        }
        let object = repo.find_object(id).map_err(|e| self.damaged(&e))?;
        Ok(Object { id: commit_sha(id), kind, bytes: Bytes::copy_from_slice(&object.data), name: None })
    }

    fn tag_name(&self, rev: &str, id: ObjectId) -> Option<String> {
        let repo = self.local();
        let reference = repo.try_find_reference(rev).ok()??;
        let name = reference.name().as_bstr().to_string();
        let name = name.strip_prefix("refs/tags/")?.to_owned();
        (reference.try_id()?.detach() == id).then_some(name)
    }

    fn parse(&self, rev: &str) -> Result<ObjectId, SourceError> {
        self.check_length(rev)?;
        let repo = self.local();
        let id = repo.rev_parse_single(rev).map_err(|e| self.unknown(rev, describe(&e)))?;
        Ok(id.detach())
    }
}
