//! Artifacts that passed: kept, looked at again, and mended.
//!
//! `lockgate-mirror` knows bytes and digests, `store` knows of which releases they are, and the registry client fetches
//! what is missing; here they meet.

mod mend;
mod upstream;
mod verify;

pub(crate) use verify::{Counted, Looked, Verification};
pub use verify::{Event, Upstream};

use crate::config::Config;
use anyhow::{Context as _, Result};
use lockgate_ecosystems::Client;
use lockgate_mirror::{Mirror, Mismatch, Read, Verified};
use lockgate_model::{Cause, CauseKind, Digest, Release};
use lockgate_store::{
    Store,
    mirror::{self, FileOf, Object},
};

/// Largest object that is read into memory, in bytes: as large as the registry client fetches.
const LARGEST: u64 = 256 << 20;

/// The mirror with what is known of it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keeper {
    pub(crate) mirror: Mirror,
    pub(crate) store: Store,
    pub(crate) client: Client,
}

impl Keeper {
    /// The mirror of a configuration.
    ///
    /// # Errors
    /// When its place cannot be used.
    pub fn open(config: &Config, store: Store, client: Client) -> Result<Self> {
        let section = config.mirror.clone().unwrap_or_default();
        let place = section.place(&config.data_dir, crate::server::USER_AGENT)?;
        Ok(Self { mirror: Mirror::open(&place)?, store, client })
    }

    /// Keeps the bytes of a file that passed, and then notes that they are kept. `passed_by`: `decision:ID` or
    /// `firewall:ID`.
    ///
    /// # Errors
    /// When the object store or the database fails.
    pub async fn keep(&self, verified: &Verified, of: &FileOf, passed_by: &str) -> Result<()> {
        self.mirror.put(verified).await?;
        let object = Object { sha256: verified.sha256().clone(), size: verified.bytes().len() as u64 };
        let mut transaction = self.store.begin().await?;
        mirror::keep(&mut transaction, &object, of, passed_by).await?;
        Ok(transaction.commit().await?)
    }

    /// An object that is kept. One that is damaged is moved aside and restored; `None` where that did not succeed, or
    /// where it was never kept.
    ///
    /// # Errors
    /// When the object store or the database fails.
    pub async fn read(&self, sha256: &Digest) -> Result<Option<Verified>> {
        if !mirror::is_sound(self.store.pool(), sha256).await? {
            return Ok(None);
        }
        match self.mirror.read(sha256, LARGEST).await? {
            Read::Sound(verified) => Ok(Some(verified)),
            Read::Damaged(damage) => Ok(self.mend(None, sha256, &damage).await?.object),
        }
    }

    /// The bytes of a file from its registry, provided that they hash to `wanted`.
    pub(crate) async fn fetch(&self, of: &FileOf, wanted: &Digest) -> Result<Verified, Cause> {
        let release: Release = of.purl.parse().map_err(|e| malformed(format!("fetch {}: {e}", of.purl)))?;
        let published = self.client.release(&release).await?;
        let listed = published.files.iter().find(|listed| listed.file == of.file).ok_or_else(|| {
            let message = format!("fetch {release}: the registry does not list {} any more", of.file);
            Cause::new(CauseKind::NotFound, message)
        })?;
        let bytes = self.client.artifact(&release, listed).await?;
        let hashing = {
            let wanted = wanted.clone();
            tokio::task::spawn_blocking(move || Verified::new(bytes, &wanted))
        };
        let verified = hashing.await.map_err(|_| malformed(format!("fetch {release}: hashing failed")))?;
        verified.map_err(|Mismatch { found, .. }| {
            malformed(format!("fetch {release} {}: the registry serves {found}, which is another file", of.file))
        })
    }
}

fn malformed(message: String) -> Cause {
    Cause::new(CauseKind::Malformed, message)
}

/// The keeper of a configuration, where artifacts are to be kept.
///
/// # Errors
/// When the mirror's place cannot be used: a server must not start as if it kept what it cannot.
pub(crate) fn of(config: &Config, store: &Store, client: &Client) -> Result<Option<Keeper>> {
    let wanted = config.mirror_section().is_some();
    wanted.then(|| Keeper::open(config, store.clone(), client.clone()).context("set up the mirror")).transpose()
}
