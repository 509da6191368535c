//! Where the objects lie.

use crate::{MirrorError, transport::Transport};
use lockgate_outbound::{Network, is_loopback, shown};
use object_store::{
    ObjectStore, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem, path::Path, prefix::PrefixStore,
};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};
use url::Url;

/// Attempts after the first, of a request to a bucket.
const RETRIES: usize = 3;
/// Longest time of all of them: who reads waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder, or a bucket.
#[derive(Debug, Clone)]
pub enum Place {
    Folder(PathBuf),
    S3(Box<S3>),
}

/// A bucket of a server that speaks S3.
#[derive(Clone)]
pub struct S3 {
    pub bucket: String,
    /// Under which the objects lie; may be empty.
    pub prefix: String,
    pub endpoint: Url,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    /// Named to the server.
    pub user_agent: String,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bucket, prefix, endpoint) = (&self.bucket, &self.prefix, shown(&self.endpoint));
        f.debug_struct("S3").field("bucket", bucket).field("prefix", prefix).field("endpoint", &endpoint).finish()
    }
}

impl Place {
    pub(crate) fn open(&self) -> Result<Arc<dyn ObjectStore>, MirrorError> {
        match self {
            Self::Folder(folder) => open_folder(folder),
            Self::S3(s3) => s3.open(),
        }
    }
}

fn open_folder(folder: &PathBuf) -> Result<Arc<dyn ObjectStore>, MirrorError> {
    let unusable = |why: &dyn fmt::Display| {
        MirrorError::Unusable(format!("the folder {}: {why}; make it writable for this account", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|e| unusable(&e))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|e| unusable(&e))?;
    Ok(Arc::new(store.with_fsync(true)))
}

impl S3 {
    fn open(&self) -> Result<Arc<dyn ObjectStore>, MirrorError> {
        let plain = self.endpoint.scheme() == "http";
        let private = || self.endpoint.host_str().is_some_and(|host| Network::current().is_private(host));
        if plain && !is_loopback(&self.endpoint) && !private() {
            let why = "its keys and objects would travel in the clear; give an https address as mirror.endpoint";
            return Err(MirrorError::Unusable(format!("{}: {why}", shown(&self.endpoint))));
        }
        // Every request goes through our own client, so that its rules hold: which host, which addresses, which TLS.
        let store = AmazonS3Builder::new()
            .with_http_connector(Transport::new(&self.endpoint, &self.user_agent))
            .with_allow_http(plain)
            .with_endpoint(self.endpoint.as_str().trim_end_matches('/'))
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_access_key_id(&self.access_key_id)
            .with_secret_access_key(&self.secret_access_key)
            .with_retry(RetryConfig { max_retries: RETRIES, retry_timeout: PATIENCE, ..RetryConfig::default() })
            .build()
            .map_err(|e| MirrorError::Unusable(format!("the bucket {}: {e}", self.bucket)))?;
        Ok(match self.prefix.is_empty() {
            true => Arc::new(store),
            false => Arc::new(PrefixStore::new(store, Path::from(self.prefix.as_str()))),
        })
    }
}
