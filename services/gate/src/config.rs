//! The operator's configuration: one TOML file, secrets by file or environment only.
//!
//! Everything that widens trust (hosts, registries, policy) is here and nowhere in a pull request.

use crate::pipeline::RegistryAliases;
use anyhow::{Context, Result, bail};
use lockgate_ecosystems::{Limits, RegistryConfig, Secret};
use lockgate_model::Ecosystem;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use url::Url;

/// Where the configuration lies when `--config` and `LOCKGATE_CONFIG` are silent.
pub const DEFAULT_FILE: &str = "lockgate.toml";

/// The whole file. Unknown keys are errors: a misspelt restriction must not be silently absent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Holds the private cluster, git caches; created when missing.
    pub data_dir: PathBuf,
    #[serde(default)]
    pub server: ServerConfig,
    #[serde(default)]
    pub database: DatabaseConfig,
    pub github: Option<GithubConfig>,
    /// By ecosystem name: `npm`, `pypi`, `cargo`.
    #[serde(default)]
    pub registries: BTreeMap<Ecosystem, RegistrySection>,
    #[serde(default)]
    pub policy: PolicyConfig,
    #[serde(default)]
    pub work: WorkConfig,
    #[serde(default)]
    pub telemetry: TelemetryConfig,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    pub listen: SocketAddr,
    /// The address under which people reach the pages; stands in check runs.
    pub public_url: Url,
    /// Largest accepted webhook body in bytes. GitHub caps its payloads at 25 MB.
    pub max_body_bytes: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: Url::parse("http://127.0.0.1:8080/").expect("a constant address parses"),
            max_body_bytes: 25 * 1024 * 1024,
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// File with the run-time role's connection URL; `LOCKGATE_DATABASE_URL` wins. Neither: a private cluster in `data_dir`.
    pub url_file: Option<PathBuf>,
    /// File with the owner's connection URL, which runs migrations; `LOCKGATE_DATABASE_OWNER_URL` wins.
    pub owner_url_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GithubConfig {
    /// The REST address; GitHub Enterprise Server: `https://HOST/api/v3`.
    pub api_url: Url,
    /// Where repositories are cloned from; a delivery that names another host is refused.
    pub web_url: Url,
    /// The App's client id (or numeric id).
    pub client_id: String,
    /// PEM file with the App's private key.
    pub private_key_file: PathBuf,
    /// Files with one webhook secret each; several while a secret is being rotated.
    pub webhook_secret_files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrySection {
    pub url: Url,
    /// Hosts beside the registry's own from which artifacts are fetched.
    #[serde(default)]
    pub artifact_hosts: Vec<String>,
    /// Other addresses by which lockfiles name this same registry: cargo writes its default registry's git address
    /// into every `Cargo.lock`, wherever the index is really read. Compared whole; never fetched.
    #[serde(default)]
    pub lockfile_addresses: Vec<String>,
    /// File with a bearer token.
    pub token_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// Folder with the bundle; absent: the bundle that is compiled in.
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkConfig {
    /// Jobs worked on at once.
    pub workers: usize,
    /// Releases collected at once within one job.
    pub releases_at_once: usize,
    /// Seconds one collector may take on one release.
    pub collector_seconds: u64,
    /// Attempts at evidence that is unavailable for a passing reason before the check completes as incomplete.
    pub attempts: i32,
    /// Seconds before the second attempt; doubled for each further one.
    pub retry_seconds: u64,
    /// Seconds one registry request may take.
    pub registry_seconds: u64,
    /// Retries of one registry request.
    pub registry_retries: u32,
    /// Seconds for which a registry's metadata is taken as it is; after that it is asked for again, conditionally.
    pub registry_fresh_seconds: u64,
}

impl Default for WorkConfig {
    fn default() -> Self {
        Self {
            workers: 4,
            releases_at_once: 16,
            collector_seconds: 60,
            attempts: 3,
            retry_seconds: 20,
            registry_seconds: 60,
            registry_retries: 3,
            registry_fresh_seconds: 60,
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// Full OTLP/HTTP address for traces (`https://HOST/v1/traces`); absent: no trace leaves the process.
    pub otlp_endpoint: Option<Url>,
    /// JSON log lines instead of text.
    pub json: bool,
}

impl Config {
    /// # Errors
    /// When the file is missing, is not TOML, has unknown keys, or names an unusable address.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("read the configuration {}; write one with `lockgate init`", path.display()))?;
        let config: Self =
            toml::from_str(&text).with_context(|| format!("read the configuration {}", path.display()))?;
        config.validate().with_context(|| format!("use the configuration {}", path.display()))?;
        Ok(config)
    }

    fn validate(&self) -> Result<()> {
        for (ecosystem, section) in &self.registries {
            if !matches!(section.url.scheme(), "https" | "http") {
                bail!(
                    "registries.{ecosystem}.url is not an http address; give the address that the {ecosystem} client uses"
                );
            }
        }
        if self.work.workers == 0 || self.work.releases_at_once == 0 {
            bail!("work.workers and work.releases_at_once must be at least 1");
        }
        Ok(())
    }

    /// What the registry client needs, tokens read from their files.
    ///
    /// # Errors
    /// When a token file cannot be read.
    pub fn registry_configs(&self) -> Result<Vec<RegistryConfig>> {
        self.registries
            .iter()
            .map(|(ecosystem, section)| {
                let token = section.token_file.as_deref().map(read_secret).transpose()?.map(Secret::new);
                Ok(RegistryConfig {
                    ecosystem: *ecosystem,
                    url: section.url.clone(),
                    artifact_hosts: section.artifact_hosts.clone(),
                    token,
                    limits: Limits {
                        timeout: Duration::from_secs(self.work.registry_seconds),
                        retries: self.work.registry_retries,
                        ..Limits::default()
                    },
                })
            })
            .collect()
    }

    /// By which addresses lockfiles name the configured registries.
    pub fn registry_aliases(&self) -> RegistryAliases {
        let aliases = self.registries.iter().flat_map(|(ecosystem, section)| {
            section.lockfile_addresses.iter().map(|alias| (*ecosystem, alias.clone(), section.url.to_string()))
        });
        RegistryAliases::new(aliases.collect())
    }

    /// Hosts that a lockfile may name: the registries' own and their artifact hosts.
    pub fn registry_hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = self
            .registries
            .values()
            .flat_map(|s| s.url.host_str().map(str::to_owned).into_iter().chain(s.artifact_hosts.iter().cloned()))
            .collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }

    /// Folder of the bare repositories that fetches share.
    pub fn git_cache(&self) -> PathBuf {
        self.data_dir.join("git")
    }
}

/// Reads a secret from a file, without the final line break.
///
/// # Errors
/// When the file cannot be read or is empty.
pub fn read_secret(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read the secret file {}", path.display()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("the secret file {} is empty; put the secret on its first line", path.display());
    }
    Ok(secret.to_owned())
}

/// The value of environment variable `name`, else the first line of `file`.
///
/// # Errors
/// When the file is named but cannot be read.
pub fn secret_from(name: &str, file: Option<&Path>) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(Some(value)),
        _ => file.map(read_secret).transpose(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_an_error() {
        let text = "data_dir = 'd'\n[server]\nlisten = '127.0.0.1:1'\nmax_body = 3\n";
        let error = toml::from_str::<Config>(text).unwrap_err().to_string();
        assert!(error.contains("max_body"), "{error}");
    }

    #[test]
    fn the_smallest_file_is_enough() {
        let config: Config = toml::from_str("data_dir = 'd'").unwrap();
        assert_eq!(config.work.workers, 4);
        assert!(config.registry_hosts().is_empty());
    }
}
