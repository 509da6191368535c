//! `[mirror]`: where artifacts that passed are kept, and how often they are looked at.

use super::secret_from;
use anyhow::{Context, Result, bail};
use lockgate_mirror::{Place, S3};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use url::Url;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MirrorConfig {
    /// `s3://BUCKET` or `s3://BUCKET/PREFIX`. Absent: the folder `mirror` in `data_dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Url>,
    /// The server that speaks S3; https, or http on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Url>,
    pub region: String,
    /// File with the access key's id; `LOCKGATE_S3_ACCESS_KEY_ID` wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id_file: Option<PathBuf>,
    /// File with the access key's secret; `LOCKGATE_S3_SECRET_ACCESS_KEY` wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_access_key_file: Option<PathBuf>,
    /// Within how many days every object is hashed again.
    pub verify_days: u16,
    /// How many bytes a second are read for that.
    pub verify_bytes_a_second: u64,
}

impl Default for MirrorConfig {
    fn default() -> Self {
        Self {
            url: None,
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key_id_file: None,
            secret_access_key_file: None,
            verify_days: 30,
            verify_bytes_a_second: 20 << 20,
        }
    }
}

impl MirrorConfig {
    pub fn period(&self) -> Duration {
        Duration::from_secs(u64::from(self.verify_days) * 86_400)
    }

    pub(super) fn validate(&self) -> Result<()> {
        if self.verify_days == 0 || self.verify_bytes_a_second == 0 {
            bail!("mirror.verify_days and mirror.verify_bytes_a_second must be at least 1");
        }
        match (&self.url, &self.endpoint) {
            (None, None) => Ok(()),
            (None, Some(_)) => bail!("mirror.endpoint is set and mirror.url is not; name the bucket as mirror.url"),
            (Some(url), _) if url.scheme() != "s3" || url.host_str().is_none() => {
                bail!("mirror.url is not s3://BUCKET or s3://BUCKET/PREFIX; leave it out to keep artifacts in data_dir")
            }
            (Some(_), None) => bail!("mirror.endpoint is missing; give the address of the server that has the bucket"),
            (Some(_), Some(_)) => Ok(()),
        }
    }

    /// # Errors
    /// When a secret cannot be read.
    pub fn place(&self, data_dir: &Path, user_agent: &str) -> Result<Place> {
        let (Some(url), Some(endpoint)) = (&self.url, &self.endpoint) else {
            return Ok(Place::Folder(data_dir.join("mirror")));
        };
        let secret = |name: &str, key: &str, file: &Option<PathBuf>| {
            let missing = || format!("mirror.{key} is missing: give a file, or set {name}");
            secret_from(name, file.as_deref())?.with_context(missing)
        };
        Ok(Place::S3(Box::new(S3 {
            bucket: url.host_str().unwrap_or_default().to_owned(),
            prefix: url.path().trim_matches('/').to_owned(),
            endpoint: endpoint.clone(),
            region: self.region.clone(),
            access_key_id: secret("LOCKGATE_S3_ACCESS_KEY_ID", "access_key_id_file", &self.access_key_id_file)?,
            secret_access_key: secret(
                "LOCKGATE_S3_SECRET_ACCESS_KEY",
                "secret_access_key_file",
                &self.secret_access_key_file,
            )?,
            user_agent: user_agent.to_owned(),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<MirrorConfig> {
        let config: MirrorConfig = toml::from_str(text)?;
        config.validate()?;
        Ok(config)
    }

    #[test]
    fn a_folder_is_the_default_and_a_bucket_needs_its_server() {
        let place = read("").unwrap().place(Path::new("d"), "test").unwrap();
        assert!(matches!(place, Place::Folder(folder) if folder == Path::new("d/mirror")));
        for (wrong, named) in [
            ("url = 's3://bucket'", "mirror.endpoint"),
            ("endpoint = 'https://s3.example.test'", "mirror.url"),
            ("url = 'https://bucket.example.test'\nendpoint = 'https://s3.example.test'", "mirror.url"),
            ("verify_days = 0", "mirror.verify_days"),
            ("secret_access_key = 'x'", "secret_access_key"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        assert!(read("url = 's3://bucket/a/b'\nendpoint = 'https://s3.example.test'").is_ok());
    }
}
