//! Putting, reading, looking at, and moving aside.

use crate::{
    Check, Damage, MirrorError, Pace, Place, Read, Shard, Verified,
    names::{self, QUARANTINE},
    verified::Hashing,
};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use lockgate_model::Digest;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, path::Path};
use std::sync::Arc;

/// What is reserved for an object before its first byte has arrived.
const FIRST_CAPACITY: u64 = 1 << 20;

/// The kept artifacts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mirror {
    store: Arc<dyn ObjectStore>,
}

/// Something that lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lying {
    /// Within the mirror.
    pub path: String,
    /// What its name says that it is; `None` where no object has such a name.
    pub sha256: Option<Digest>,
    pub written_at: DateTime<Utc>,
}

impl Mirror {
    /// # Errors
    /// [`MirrorError::Unusable`] when the place cannot be used.
    pub fn open(place: &Place) -> Result<Self, MirrorError> {
        Ok(Self { store: place.open()? })
    }

    /// Keeps an object: whole or not at all. It is read back and hashed before this returns.
    ///
    /// # Errors
    /// When the store fails, or does not give back what it was given.
    pub async fn put(&self, object: &Verified) -> Result<(), MirrorError> {
        let doing = || format!("keep {} in the mirror", object.sha256());
        let payload = PutPayload::from_bytes(object.bytes().clone());
        self.store.put(&names::path(object.sha256()), payload).await.map_err(MirrorError::store(doing()))?;
        let size = object.bytes().len() as u64;
        match self.check(object.sha256(), size, &mut Pace::new(0)).await? {
            Check::Sound => Ok(()),
            Check::Damaged(_) => Err(MirrorError::NotKept { doing: doing() }),
        }
    }

    /// Reads an object whole, hashing it on the way. Bytes that are not what its name says are given to nobody.
    ///
    /// # Errors
    /// When the store fails, or the object is larger than `limit` bytes.
    pub async fn read(&self, sha256: &Digest, limit: u64) -> Result<Read, MirrorError> {
        let Some((size, mut chunks)) = self.get(sha256).await? else { return Ok(Read::Damaged(Damage::Missing)) };
        let doing = || format!("read {sha256} from the mirror");
        if size > limit {
            return Err(MirrorError::TooLarge { doing: doing(), size, limit });
        }
        let capacity = usize::try_from(size.min(FIRST_CAPACITY)).unwrap_or_default();
        let (mut bytes, mut hashing) = (BytesMut::with_capacity(capacity), Hashing::default());
        while let Some(chunk) = chunks.try_next().await.map_err(MirrorError::store(doing()))? {
            hashing.update(&chunk);
            bytes.extend_from_slice(&chunk);
        }
        let found = bytes.len() as u64;
        let read = hashing.verified(bytes.freeze());
        Ok(match read.sha256() == sha256 {
            true => Read::Sound(read),
            false => Read::Damaged(Damage::of_length(None, found)),
        })
    }

    /// Hashes an object as fast as `pace` allows and keeps none of it in memory. `kept`: its length when it was kept.
    ///
    /// # Errors
    /// When the store fails: nothing is known of the object then.
    pub async fn check(&self, sha256: &Digest, kept: u64, pace: &mut Pace) -> Result<Check, MirrorError> {
        let Some((_, mut chunks)) = self.get(sha256).await? else { return Ok(Check::Damaged(Damage::Missing)) };
        let doing = format!("hash {sha256} in the mirror");
        let mut hashing = Hashing::default();
        while let Some(chunk) = chunks.try_next().await.map_err(MirrorError::store(doing.clone()))? {
            pace.take(chunk.len() as u64).await;
            hashing.update(&chunk);
        }
        let found = hashing.length;
        Ok(match hashing.finish() == *sha256 {
            true => Check::Sound,
            false => Check::Damaged(Damage::of_length(Some(kept), found)),
        })
    }

    /// Size and bytes of an object; `None` where it is not there.
    async fn get(&self, sha256: &Digest) -> Result<Option<Chunks>, MirrorError> {
        match self.store.get(&names::path(sha256)).await {
            Ok(found) => Ok(Some((found.meta.size, found.into_stream()))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(MirrorError::store(format!("read {sha256} from the mirror"))(error)),
        }
    }

    /// Everything that lies in a shard's folder, by path.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, shard: Shard) -> Result<Vec<Lying>, MirrorError> {
        let doing = format!("list the mirror's folder {}", shard.folder());
        let listed = self.store.list(Some(&shard.folder())).map(|one| {
            one.map(|meta| Lying {
                sha256: names::digest(&meta.location),
                path: meta.location.to_string(),
                written_at: meta.last_modified,
            })
        });
        let mut listed: Vec<Lying> = listed.try_collect().await.map_err(MirrorError::store(doing))?;
        listed.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(listed)
    }

    /// Where an object lies, for people.
    pub fn path(sha256: &Digest) -> String {
        names::path(sha256).to_string()
    }

    /// Moves what lies at `path` where nothing is served from, under a name that says when. Answers where it is now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn quarantine(&self, path: &str, now: DateTime<Utc>) -> Result<String, MirrorError> {
        let from = Path::parse(path).map_err(|e| MirrorError::Unusable(format!("the path {path}: {e}")))?;
        let name = from.filename().unwrap_or("object").to_owned();
        let to = Path::from_iter([QUARANTINE.to_owned(), format!("{}-{name}", now.format("%Y%m%dT%H%M%S%3fZ"))]);
        let doing = format!("move {path} out of the mirror");
        self.store.rename(&from, &to).await.map_err(MirrorError::store(doing))?;
        Ok(to.to_string())
    }
}

type Chunks = (u64, BoxStream<'static, object_store::Result<Bytes>>);
