//! The operator's configuration: one TOML file, secrets by file or environment only.
//!
//! Everything that widens trust (hosts, registries, policy) is here and nowhere in a pull request.

mod auth;
mod classifier;
mod firewall;
#[cfg(test)]
mod hostile;
mod mirror;
mod outbound;
mod pins;
mod retention;
mod signature;

pub(crate) use auth::is_private;
pub use auth::{AuthConfig, GrantConfig, OidcConfig};
pub use classifier::ClassifierConfig;
pub use firewall::FirewallConfig;
pub use mirror::MirrorConfig;
pub use outbound::OutboundConfig;
pub use pins::{InternalConfig, PinsConfig};
pub use retention::RetentionConfig;
pub use signature::SignatureConfig;

use crate::pipeline::RegistryAliases;
use anyhow::{Context, Result, bail};
use lockgate_ecosystems::{Limits, RegistryConfig, Secret};
use lockgate_evidence::{pin::PinSettings, typosquat::Popular};
use lockgate_model::{Ecosystem, redact};
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
    pub classifier: ClassifierConfig,
    #[serde(default)]
    pub signature: SignatureConfig,
    #[serde(default)]
    pub work: WorkConfig,
    #[serde(default)]
    pub telemetry: TelemetryConfig,
    #[serde(default)]
    pub auth: AuthConfig,
    #[serde(default)]
    pub outbound: OutboundConfig,
    #[serde(default)]
    pub retention: RetentionConfig,
    /// Absent: artifacts that passed are kept only where the firewall is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<MirrorConfig>,
    /// Absent: no package manager installs through this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firewall: Option<FirewallConfig>,
    #[serde(default)]
    pub pins: PinsConfig,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    pub listen: SocketAddr,
    /// The address under which people reach the pages; stands in check runs.
    pub public_url: Url,
    /// Largest accepted webhook body in bytes. GitHub caps its payloads at 25 MB.
    pub max_body_bytes: usize,
    /// Bytes of webhook bodies in memory at any time, together; what is beyond is refused with 503.
    pub intake_bytes: usize,
    /// Addresses of the proxies in front, whose `X-Forwarded-For` is believed when the access log notes a client.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxies: Vec<std::net::IpAddr>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: Url::parse("http://127.0.0.1:8080/").expect("a constant address parses"),
            max_body_bytes: 25 * 1024 * 1024,
            intake_bytes: 128 * 1024 * 1024,
            trusted_proxies: Vec::new(),
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
    /// GitHub's rate limits; a GitHub Enterprise Server may have others or none.
    #[serde(default)]
    pub limits: lockgate_github::Limits,
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
    /// Jobs that speak to GitHub at once, beside those.
    pub tellers: usize,
    /// Seconds until a check without a decision is concluded as incomplete.
    pub deadline_seconds: u64,
    /// Seconds between two looks for what is overdue or lost.
    pub sweep_seconds: u64,
    /// Seconds between two comparisons with the App's delivery log.
    pub compare_deliveries_seconds: u64,
    /// Seconds between two comparisons with the open pull requests of an installation.
    pub reconcile_seconds: u64,
    /// Bytes that the cache of git repositories may take.
    pub git_cache_bytes: u64,
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
            tellers: 4,
            deadline_seconds: 900,
            sweep_seconds: 10,
            compare_deliveries_seconds: 60,
            reconcile_seconds: 3600,
            git_cache_bytes: 20 << 30,
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
        config.outbound.install();
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
        if self.work.tellers == 0 || self.work.deadline_seconds == 0 {
            bail!("work.tellers and work.deadline_seconds must be at least 1");
        }
        if self.work.workers == 0 || self.work.releases_at_once == 0 {
            bail!("work.workers and work.releases_at_once must be at least 1");
        }
        self.without_credentials()?;
        self.outbound.validate()?;
        self.classifier.validate()?;
        self.retention.validate()?;
        self.mirror.iter().try_for_each(MirrorConfig::validate)?;
        self.firewall.iter().try_for_each(FirewallConfig::validate)?;
        self.pin_settings()?;
        self.auth.validate(&self.server.public_url)
    }

    /// A secret in an address would be shown with it: in errors, in check runs, on pages.
    fn without_credentials(&self) -> Result<()> {
        let registries = self.registries.iter().map(|(e, section)| (format!("registries.{e}.url"), Some(&section.url)));
        let github = self.github.iter();
        let github = github.flat_map(|g| [("github.api_url", &g.api_url), ("github.web_url", &g.web_url)]);
        let others = [
            ("server.public_url", Some(&self.server.public_url)),
            ("telemetry.otlp_endpoint", self.telemetry.otlp_endpoint.as_ref()),
            ("outbound.proxy", self.outbound.proxy.as_ref()),
            ("firewall.public_url", self.firewall.as_ref().and_then(|f| f.public_url.as_ref())),
            ("mirror.url", self.mirror.as_ref().and_then(|m| m.url.as_ref())),
            ("mirror.endpoint", self.mirror.as_ref().and_then(|m| m.endpoint.as_ref())),
        ];
        let others = others.into_iter().chain(github.map(|(key, url)| (key, Some(url))));
        for (key, url) in registries.chain(others.map(|(key, url)| (key.to_owned(), url))) {
            if url.is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
                bail!("{key} holds a user or password; put a token into a file and name that instead");
            }
        }
        Ok(())
    }

    /// Names of the hosts that are asked over the network, each once; addresses in digits left out.
    pub fn outbound_hosts(&self) -> Vec<String> {
        let issuer = self.auth.oidc.iter().filter_map(|oidc| Url::parse(&oidc.issuer).ok());
        let github = self.github.iter().flat_map(|github| [github.web_url.clone(), github.api_url.clone()]);
        let bucket = self.mirror.as_ref().and_then(|mirror| mirror.endpoint.clone());
        let urls = issuer.chain(github).chain(self.telemetry.otlp_endpoint.clone()).chain(bucket);
        let hosts = urls.filter_map(|url| url.host_str().map(str::to_owned)).chain(self.registry_hosts());
        let names = hosts.map(|host| host.rsplit_once(':').map_or(host.clone(), |(name, _)| name.to_owned()));
        let names = names.filter(|name| name.parse::<std::net::IpAddr>().is_err() && name != "localhost");
        names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }

    /// Every file that holds a secret, by its key.
    pub fn secret_files(&self) -> Vec<(String, &Path)> {
        let mut files: Vec<(String, &Path)> = Vec::new();
        files.extend(self.database.url_file.iter().map(|f| ("database.url_file".to_owned(), f.as_path())));
        files.extend(self.database.owner_url_file.iter().map(|f| ("database.owner_url_file".to_owned(), f.as_path())));
        if let Some(github) = &self.github {
            files.push(("github.private_key_file".to_owned(), &github.private_key_file));
            let secrets = github.webhook_secret_files.iter();
            files.extend(secrets.map(|f| ("github.webhook_secret_files".to_owned(), f.as_path())));
        }
        let tokens = self.registries.iter().filter_map(|(e, section)| Some((e, section.token_file.as_deref()?)));
        files.extend(tokens.map(|(e, file)| (format!("registries.{e}.token_file"), file)));
        files.extend(
            self.auth.oidc.iter().map(|o| ("auth.oidc.client_secret_file".to_owned(), o.client_secret_file.as_path())),
        );
        if let Some(mirror) = &self.mirror {
            let keys = [
                ("mirror.access_key_id_file", &mirror.access_key_id_file),
                ("mirror.secret_access_key_file", &mirror.secret_access_key_file),
            ];
            files.extend(keys.into_iter().filter_map(|(key, file)| Some((key.to_owned(), file.as_deref()?))));
        }
        files
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
        let known = self.registries.iter().flat_map(|(ecosystem, section)| {
            let hosts = section.artifact_hosts.iter().cloned();
            hosts.chain([section.url.to_string()]).map(|address| (*ecosystem, address))
        });
        RegistryAliases::new(aliases.collect(), known.collect())
    }

    /// What the pin check is told.
    ///
    /// # Errors
    /// When an internal name is empty or would be every name.
    pub fn pin_settings(&self) -> Result<PinSettings> {
        self.pins
            .settings(self.registries.iter().map(|(ecosystem, section)| (*ecosystem, section.url.clone())).collect())
    }

    /// Names that others imitate.
    ///
    /// # Errors
    /// When the operator's list cannot be read.
    pub fn popular_names(&self) -> Result<Popular> {
        self.pins.popular_names()
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

    /// The mirror's section, where artifacts that passed are kept.
    pub fn mirror_section(&self) -> Option<MirrorConfig> {
        self.mirror.clone().or_else(|| self.firewall.as_ref().map(|_| MirrorConfig::default()))
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
    know(secret);
    Ok(secret.to_owned())
}

/// No text shows this secret from now on; of an address, neither its password.
fn know(secret: &str) {
    redact::know(secret);
    if let Some(password) = Url::parse(secret).ok().as_ref().and_then(Url::password) {
        redact::know(password);
    }
}

/// The value of environment variable `name`, else the first line of `file`.
///
/// # Errors
/// When the file is named but cannot be read.
pub fn secret_from(name: &str, file: Option<&Path>) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => {
            know(&value);
            Ok(Some(value))
        }
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
