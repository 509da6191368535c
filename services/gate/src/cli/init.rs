//! `lockgate init`: the registries' addresses are the machine's business, so its clients are asked.
//!
//! No address stands in the code. A client that is not installed leaves its ecosystem out, and
//! `lockgate doctor` says so.

use crate::{
    config::{
        Config, DatabaseConfig, OutboundConfig, PolicyConfig, RegistrySection, ServerConfig, TelemetryConfig,
        WorkConfig,
    },
    server,
};
use anyhow::{Context, Result, bail};
use lockgate_ecosystems::{Client, Limits, RegistryConfig};
use lockgate_model::{Ecosystem, Origin};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::process::Command;
use url::Url;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder for the private cluster and the git cache.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Write over an existing file.
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Result<ExitCode> {
    if path.exists() && !arguments.force {
        bail!("{} exists; give --force to write over it", path.display());
    }
    let config = from_clients(&arguments.data_dir.clone().unwrap_or_else(default_data_dir)).await?;
    for ecosystem in Ecosystem::ALL {
        match config.registries.get(&ecosystem) {
            Some(section) => {
                println!("{ecosystem}: {} (artifacts: {})", section.url, section.artifact_hosts.join(", "))
            }
            None => {
                println!("{ecosystem}: no client answers; add [registries.{ecosystem}] by hand to judge its releases")
            }
        }
    }
    let text = toml::to_string_pretty(&config)? + GITHUB_EXAMPLE;
    std::fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
    println!("wrote {}; next: fill [github], then `lockgate doctor`", path.display());
    Ok(ExitCode::SUCCESS)
}

/// What `init` cannot know.
const GITHUB_EXAMPLE: &str = r#"
# [github]
# api_url = "https://api.github.com/"
# web_url = "https://github.com/"
# client_id = "Iv23li..."
# private_key_file = "/etc/lockgate/app.pem"
# webhook_secret_files = ["/etc/lockgate/webhook-secret"]
"#;

pub(super) fn default_data_dir() -> PathBuf {
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    base.or_else(home).unwrap_or_else(std::env::temp_dir).join("lockgate")
}

/// A configuration with the registries that the installed clients use.
pub(super) async fn from_clients(data_dir: &Path) -> Result<Config> {
    let mut registries = BTreeMap::new();
    let mut outbound = OutboundConfig::default();
    for ecosystem in Ecosystem::ALL {
        let url = match ecosystem {
            Ecosystem::Npm => npm().await,
            Ecosystem::Pypi => pypi().await,
            Ecosystem::Cargo => cargo().await,
        };
        if let Some(url) = url {
            let url = without_credentials(ecosystem, url);
            // The client of the machine goes there, so the machine's owner means it, wherever it is.
            note_private(&mut outbound, url.host_str()).await;
            let artifact_hosts = artifact_hosts(ecosystem, &url).await;
            for host in &artifact_hosts {
                note_private(&mut outbound, Some(host)).await;
            }
            registries.insert(
                ecosystem,
                RegistrySection {
                    url,
                    artifact_hosts,
                    lockfile_addresses: lockfile_addresses(ecosystem).await,
                    token_file: None,
                },
            );
        }
    }
    Ok(Config {
        data_dir: data_dir.to_owned(),
        server: ServerConfig::default(),
        database: DatabaseConfig::default(),
        github: None,
        registries,
        policy: PolicyConfig::default(),
        classifier: Default::default(),
        signature: Default::default(),
        work: WorkConfig::default(),
        telemetry: TelemetryConfig::default(),
        auth: Default::default(),
        outbound,
        retention: Default::default(),
        mirror: Some(Default::default()),
        firewall: None,
        pins: Default::default(),
    })
}

/// A client's address may hold a user and a password; the configuration must not.
fn without_credentials(ecosystem: Ecosystem, mut url: Url) -> Url {
    if !url.username().is_empty() || url.password().is_some() {
        let _ = url.set_username("");
        let _ = url.set_password(None);
        eprintln!(
            "{ecosystem}: the client's address holds a user or password, which is left out; put a token into a file and \
             name it as registries.{ecosystem}.token_file"
        );
    }
    url
}

/// Lists a host that lives in a private network, so that it may be reached from now on.
async fn note_private(outbound: &mut OutboundConfig, host: Option<&str>) {
    let Some(host) = host.filter(|host| !outbound.private_hosts.iter().any(|known| known == host)) else { return };
    if host.parse::<std::net::IpAddr>().is_err() && lockgate_outbound::resolves_privately(host).await {
        outbound.private_hosts.push(host.to_owned());
        outbound.install();
    }
}

/// Runs a client outside the current folder, whose configuration files must not decide.
async fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(std::env::temp_dir()).output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

fn address(text: &str) -> Option<Url> {
    let text = text.trim().trim_start_matches("sparse+");
    let text = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))
}

async fn npm() -> Option<Url> {
    address(&ask("npm", &["config", "get", "registry"]).await?)
}

async fn pypi() -> Option<Url> {
    for name in ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"] {
        if let Some(url) = std::env::var(name).ok().as_deref().and_then(address) {
            return Some(url);
        }
    }
    if let Some(url) = ask("pip", &["config", "get", "global.index-url"]).await.as_deref().and_then(address) {
        return Some(url);
    }
    let default = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    address(&ask("python3", &["-c", default]).await?)
}

/// A source replacement in cargo's configuration, else the index that cargo itself caches.
async fn cargo() -> Option<Url> {
    let home = cargo_home()?;
    for file in ["config.toml", "config"] {
        if let Some(url) = replaced_source(&home.join(file)) {
            return Some(url);
        }
    }
    if let Some(url) = cached_index(&home) {
        return Some(url);
    }
    // A first query makes cargo create the folder that names its index.
    ask("cargo", &["info", "serde"]).await?;
    cached_index(&home)
}

fn cargo_home() -> Option<PathBuf> {
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    set.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")))
}

fn replaced_source(file: &Path) -> Option<Url> {
    let text = std::fs::read_to_string(file).ok()?;
    let config: toml::Table = text.parse().ok()?;
    let sources = config.get("source")?;
    let name = sources.get("crates-io")?.get("replace-with")?.as_str()?;
    address(sources.get(name)?.get("registry")?.as_str()?)
}

/// Cargo names the cache folder of a sparse index `HOST-HASH`.
fn cached_index(home: &Path) -> Option<Url> {
    let folders = std::fs::read_dir(home.join("registry/index")).ok()?;
    let names = folders.filter_map(|entry| Some(entry.ok()?.file_name()));
    names.filter_map(|name| host_of(&name)).find_map(|host| address(&format!("https://{host}/")))
}

fn host_of(folder: &OsStr) -> Option<String> {
    let (host, hash) = folder.to_str()?.rsplit_once('-')?;
    let is_hash = hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    (is_hash && host.contains('.')).then(|| host.to_owned())
}

/// What cargo calls its default registry in a `Cargo.lock`: asked by locking a crate with one dependency.
async fn lockfile_addresses(ecosystem: Ecosystem) -> Vec<String> {
    if ecosystem != Ecosystem::Cargo {
        return Vec::new();
    }
    let locked = async {
        let folder = tempfile::tempdir()?;
        let manifest = "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\ncfg-if = \"1\"\n";
        std::fs::write(folder.path().join("Cargo.toml"), manifest)?;
        std::fs::create_dir(folder.path().join("src"))?;
        std::fs::write(folder.path().join("src/lib.rs"), "")?;
        let output =
            Command::new("cargo").args(["generate-lockfile", "--quiet"]).current_dir(folder.path()).output().await?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        anyhow::Ok(std::fs::read(folder.path().join("Cargo.lock"))?)
    };
    let sources = match locked.await {
        Ok(text) => lockgate_ecosystems::parse("Cargo.lock", &text),
        Err(error) => {
            eprintln!("cargo: {error:#}; add its lockfile_addresses by hand");
            return Vec::new();
        }
    };
    let entries = sources.map(|lockfile| lockfile.releases).unwrap_or_default();
    let urls = entries.into_iter().filter_map(|entry| match entry.origin {
        Origin::Registry { url } => url,
        _ => None,
    });
    urls.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The hosts that the registry's own answers send clients to.
async fn artifact_hosts(ecosystem: Ecosystem, url: &Url) -> Vec<String> {
    let package = match ecosystem {
        Ecosystem::Npm => "npm",
        Ecosystem::Pypi => "pip",
        Ecosystem::Cargo => "serde",
    };
    let config = RegistryConfig {
        ecosystem,
        url: url.clone(),
        artifact_hosts: Vec::new(),
        token: None,
        limits: Limits::default(),
    };
    let Ok(client) = Client::new(vec![config], server::USER_AGENT) else { return Vec::new() };
    match client.package(ecosystem, package).await {
        Ok(found) => {
            let files = found.releases.iter().flat_map(|r| &r.files);
            let hosts: BTreeSet<String> = files.filter_map(|f| f.url.host_str().map(str::to_owned)).collect();
            hosts.into_iter().filter(|host| Some(host.as_str()) != url.host_str()).collect()
        }
        Err(cause) => {
            eprintln!("{ecosystem}: {cause}; add its artifact_hosts by hand");
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_the_client_is_not_written_down() {
        let url = Url::parse("https://user:hunter2@pypi.example.test/simple/").unwrap();
        assert_eq!(without_credentials(Ecosystem::Pypi, url).as_str(), "https://pypi.example.test/simple/");
    }

    #[test]
    fn cargo_cache_folders_name_their_host() {
        assert_eq!(host_of("index.example.test-1949cf8c6b5b557f".as_ref()).as_deref(), Some("index.example.test"));
        assert_eq!(host_of("local-folder".as_ref()), None);
    }

    #[test]
    fn a_replaced_source_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let text = "[source.crates-io]\nreplace-with='m'\n[source.m]\nregistry='sparse+https://m.example.test/index'\n";
        std::fs::write(&file, text).unwrap();
        assert_eq!(replaced_source(&file).unwrap().as_str(), "https://m.example.test/index/");
    }
}
