//! The server's configuration of a run.

use crate::{fake_github::FakeGitHub, registry::Registries};
use anyhow::Result;
use lockgate_model::Ecosystem;
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};
use url::Url;

/// What is lost is looked for often, so that a run is short.
const WORK: &str = "tellers = 3\nsweep_seconds = 2\ncompare_deliveries_seconds = 5\nreconcile_seconds = 20\n";
/// GitHub's own limits would stretch a run over hours. What its answers say of limits is honoured all the same.
const LIMITS: &str = "[github.limits]\npoints_per_minute = 0\ncreations_per_minute = 0\ncreations_per_hour = 0\nconcurrent_requests = 40\n";

/// For which program a configuration is written: the previous one refuses keys that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Previous,
    Present,
}

/// What all processes of a run have in common.
#[derive(Debug)]
pub struct Settings {
    folder: PathBuf,
    data: PathBuf,
    github: String,
    registries: String,
}

impl Settings {
    /// Writes the secrets to `folder`; the processes keep their data below `data`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn new(folder: &Path, data: &Path, github: &FakeGitHub, registries: &Registries) -> Result<Self> {
        let (key, secret) = (folder.join("app.pem"), folder.join("webhook-secret"));
        std::fs::write(&key, github.private_key_pem())?;
        std::fs::write(&secret, github.webhook_secret())?;
        let section = format!(
            "[github]\napi_url = '{url}'\nweb_url = '{url}'\nclient_id = '{}'\nprivate_key_file = '{}'\nwebhook_secret_files = ['{}']\n",
            github.client_id(),
            key.display(),
            secret.display(),
            url = github.url(),
        );
        let mut sections = String::new();
        let host = registries.base().trim_start_matches("http://");
        for ecosystem in Ecosystem::ALL {
            let url = registries.url(ecosystem);
            write!(sections, "[registries.{ecosystem}]\nurl = '{url}'\nartifact_hosts = ['{host}']\n")?;
        }
        Ok(Self { folder: folder.to_owned(), data: data.to_owned(), github: section, registries: sections })
    }

    /// The file of one process.
    pub fn text(&self, name: &str, port: u16, public: &Url, version: Version) -> String {
        let (work, more) = match version {
            Version::Present => (WORK, LIMITS),
            Version::Previous => ("", ""),
        };
        format!(
            "data_dir = '{}'\n[server]\nlisten = '127.0.0.1:{port}'\npublic_url = '{public}'\n{}{more}{}[work]\nworkers = 3\nattempts = 3\nretry_seconds = 1\nregistry_seconds = 3\nregistry_retries = 1\n{work}",
            self.data.join(name).display(),
            self.github,
            self.registries,
        )
    }

    /// A file for commands.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn for_commands(&self, public: &Url, version: Version) -> Result<PathBuf> {
        let path = self.folder.join("command.toml");
        std::fs::write(&path, self.text("command", 0, public, version))?;
        Ok(path)
    }
}
