//! Secrets that are replaced while the server runs: the App's key and the webhook secrets, read again when their files
//! change. Orchestrators replace mounted secrets without a signal, so the files are looked at, not waited for.

use crate::config::{Config, GithubConfig, read_secret};
use anyhow::{Context as _, Result};
use lockgate_github::{App, Secret};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What the files held when they were last read.
#[derive(Debug)]
pub struct Credentials {
    github: Option<GithubConfig>,
    webhook_secrets: RwLock<Arc<Vec<Secret>>>,
}

impl Credentials {
    /// # Errors
    /// When a webhook secret cannot be read.
    pub fn read(config: &Config) -> Result<Self> {
        let secrets = webhook_secrets(config.github.as_ref())?;
        Ok(Self { github: config.github.clone(), webhook_secrets: RwLock::new(Arc::new(secrets)) })
    }

    /// All that are valid now; several while one is being replaced.
    pub fn webhook_secrets(&self) -> Arc<Vec<Secret>> {
        Arc::clone(&self.webhook_secrets.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the files until the process ends. A file that cannot be read, or a key that is none, leaves what stood.
    pub async fn watch(self: Arc<Self>, app: Option<App>) {
        let Some(github) = &self.github else { return };
        let files: Vec<PathBuf> =
            github.webhook_secret_files.iter().chain([&github.private_key_file]).cloned().collect();
        let mut seen = stamps(&files);
        loop {
            tokio::time::sleep(LOOK).await;
            let now = stamps(&files);
            if now == seen {
                continue;
            }
            match self.reload(github, app.as_ref()) {
                Ok(()) => tracing::info!("the App's key and webhook secrets were read again"),
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "read changed secrets; the old ones stay in force");
                }
            }
            seen = now;
        }
    }

    fn reload(&self, github: &GithubConfig, app: Option<&App>) -> Result<()> {
        let secrets = webhook_secrets(Some(github))?;
        if let Some(app) = app {
            let key = Secret::from(read_secret(&github.private_key_file)?);
            app.replace_key(&key).context("use the new App key")?;
        }
        *self.webhook_secrets.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(secrets);
        Ok(())
    }
}

fn webhook_secrets(github: Option<&GithubConfig>) -> Result<Vec<Secret>> {
    let files = github.map(|g| g.webhook_secret_files.as_slice()).unwrap_or_default();
    files.iter().map(|file| Ok(Secret::from(read_secret(file)?))).collect()
}

/// Time of change and length of each file, through links: a mounted secret is replaced by moving a link.
fn stamps(files: &[PathBuf]) -> Vec<Option<(SystemTime, u64)>> {
    let stamp = |file: &PathBuf| {
        let about = std::fs::metadata(Path::new(file)).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    files.iter().map(stamp).collect()
}
