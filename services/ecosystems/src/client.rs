//! The one HTTP client of all registries.
//!
//! A registry's answers and a lockfile's names are untrusted, so the client decides alone where it goes: only
//! to hosts that the operator configured, redirects included, with bounded bodies, and with the token for the
//! registry's own host and no other. What a body means is the protocol's matter ([`crate::RegistryProtocol`]).

mod cache;
mod document;
mod exchange;
mod hosts;
mod retry;

pub use document::{Document, Revision};

use crate::{Secret, adapter};
use bytes::Bytes;
use cache::{Cache, Flights, Validators};
use exchange::{Ask, Exchange, Reply};
use hosts::Hosts;
use lockgate_model::{Cause, CauseKind, Ecosystem, PublishedFile, PublishedPackage, PublishedRelease, Release};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How long an answer is taken as it is before the registry is asked whether it still holds.
const FRESH: Duration = Duration::from_secs(60);

/// Largest answer about who signed, in bytes: some ten kilobytes an attestation.
const ATTESTATION_BYTES: u64 = 16 << 20;
/// npm has one form; PyPI names its own (PEP 740).
const ATTESTATIONS: &str = "application/vnd.pypi.integrity.v1+json, application/json";

/// One registry, as the operator configured it.
#[derive(Debug, Clone)]
pub struct RegistryConfig {
    pub ecosystem: Ecosystem,
    pub url: Url,
    /// Hosts from which artifacts may be fetched, beside the host of `url`: `host` or `host:port`.
    pub artifact_hosts: Vec<String>,
    pub token: Option<Secret>,
    pub limits: Limits,
}

/// Bounds of one registry's requests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest metadata body, in bytes, after decompression.
    pub metadata_bytes: u64,
    /// Largest artifact, in bytes.
    pub artifact_bytes: u64,
    /// Of one attempt, from connecting to the last byte.
    pub timeout: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// Before the second attempt; doubled for each further one, with jitter.
    pub backoff: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            metadata_bytes: 64 << 20,
            artifact_bytes: 256 << 20,
            timeout: Duration::from_secs(30),
            retries: 3,
            backoff: Duration::from_millis(500),
        }
    }
}

/// The client. Cheap to clone; clones share connections and the cache.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    registries: HashMap<Ecosystem, Registry>,
    exchange: Exchange,
    packages: Cache<Arc<PublishedPackage>>,
    configurations: Cache<Bytes>,
    flights: Flights,
    fresh: Duration,
}

/// One registry with what was made of its configuration.
#[derive(Debug)]
struct Registry {
    config: RegistryConfig,
    hosts: Hosts,
}

impl Client {
    /// A client for these registries, at most one of an ecosystem. `user_agent` is sent with every request.
    ///
    /// # Errors
    /// [`CauseKind::NotConfigured`] when the configuration contradicts itself or would send a token in the clear;
    /// [`CauseKind::Internal`] when the TLS of the system cannot be set up.
    pub fn new(configs: Vec<RegistryConfig>, user_agent: &str) -> Result<Self, Cause> {
        let mut registries = HashMap::new();
        for config in configs {
            let hosts = Hosts::new(&config)?;
            let ecosystem = config.ecosystem;
            if registries.insert(ecosystem, Registry { config, hosts }).is_some() {
                let message = format!("two registries are configured for {ecosystem}");
                return Err(Cause::new(CauseKind::NotConfigured, message).with_remedy("keep one of them"));
            }
        }
        let hosts = registries.values().fold(lockgate_outbound::Hosts::new(), |all, r| r.hosts.allow_in(all));
        let shared = Shared {
            registries,
            exchange: Exchange::new(&hosts, user_agent)?,
            packages: Cache::default(),
            configurations: Cache::default(),
            flights: Flights::default(),
            fresh: FRESH,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The same registries with another time for which answers are taken as they are. Starts with an empty
    /// cache.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn fresh_for(self, fresh: Duration) -> Result<Self, Cause> {
        let registries = self.shared.registries.iter();
        let registries = registries.map(|(e, r)| (*e, Registry { config: r.config.clone(), hosts: r.hosts.clone() }));
        let shared = Shared {
            registries: registries.collect(),
            exchange: self.shared.exchange.clone(),
            packages: Cache::default(),
            configurations: Cache::default(),
            flights: Flights::default(),
            fresh,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// What the registry says of a package. `name` is taken in any spelling that the ecosystem allows.
    ///
    /// Answers are kept in a bounded cache and asked for again with `If-None-Match` or `If-Modified-Since`;
    /// concurrent calls for one package share one request.
    ///
    /// # Errors
    /// [`CauseKind::NotFound`] when the registry does not have the package; else why it could not be asked.
    pub async fn package(&self, ecosystem: Ecosystem, name: &str) -> Result<Arc<PublishedPackage>, Cause> {
        let name = ecosystem.normalize_name(name);
        let key = (ecosystem, name.clone());
        if let Some(package) = self.shared.packages.fresh(&key, self.shared.fresh) {
            return Ok(package);
        }
        let shared = Arc::clone(&self.shared);
        let flight = async move { shared.ask_for_package(ecosystem, &name).await };
        self.shared.flights.join(&self.shared, key, flight).await
    }

    /// One release of a package, by the version's exact spelling or one that the ecosystem holds for equal.
    ///
    /// # Errors
    /// [`CauseKind::NotFound`] when the registry has no such package or version; else as [`Client::package`].
    pub async fn release(&self, release: &Release) -> Result<PublishedRelease, Cause> {
        let package = self.package(release.ecosystem, &release.name).await?;
        let versions = adapter(release.ecosystem).versions();
        let equal = |found: &&PublishedRelease| {
            versions.compare(&found.release.version, &release.version).is_ok_and(std::cmp::Ordering::is_eq)
        };
        // npm and cargo ignore build metadata when they compare, but 1.0.0+a and 1.0.0+b are two releases.
        let spelled = release.ecosystem == Ecosystem::Pypi;
        let found =
            package.release(&release.version).or_else(|| package.releases.iter().filter(|_| spelled).find(equal));
        found.cloned().ok_or_else(|| {
            let message = format!("{release}: the registry has the package, but not this version");
            let remedy = "check that the version was published and that the configured registry carries it";
            Cause::new(CauseKind::NotFound, message).with_remedy(remedy)
        })
    }

    /// The bytes of a published file. Bounded; not compared with any digest.
    ///
    /// # Errors
    /// [`CauseKind::HostNotAllowed`] when the file or a redirect stands on a host that is not configured;
    /// [`CauseKind::LimitExceeded`] when it is too large; [`CauseKind::Malformed`] when its length is not what
    /// the registry or the answer declared; else why it could not be fetched.
    pub async fn artifact(&self, release: &Release, file: &PublishedFile) -> Result<Bytes, Cause> {
        let registry = self.shared.registry(release.ecosystem)?;
        let limit = registry.config.limits.artifact_bytes;
        let subject = format!("fetch {release} {}", crate::position::excerpt(&file.file));
        if file.size.is_some_and(|size| size > limit) {
            return Err(exchange::over_limit(&subject, limit));
        }
        let ask = Ask { subject: &subject, url: &file.url, accept: "*/*", limit, artifact: true, validators: None };
        let reply = self.shared.exchange.ask(registry, ask).await?;
        let Reply::Body { bytes, .. } = reply else { return Err(exchange::unasked_for(&subject)) };
        match file.size {
            Some(size) if size != bytes.len() as u64 => {
                let message = format!("{subject}: the registry lists {size} bytes and sent {}", bytes.len());
                Err(Cause::new(CauseKind::Malformed, message))
            }
            _ => Ok(bytes),
        }
    }
}

impl Client {
    /// The attestations of a published file, as the registry has them; `None` where it says that there are none.
    ///
    /// # Errors
    /// As [`Client::artifact`]. A registry that does not have what it said it has is [`CauseKind::NotFound`].
    pub async fn attestations(&self, release: &Release, file: &PublishedFile) -> Result<Option<Bytes>, Cause> {
        let Some(url) = &file.attestations else { return Ok(None) };
        let registry = self.shared.registry(release.ecosystem)?;
        let subject = format!("fetch the attestations of {release} {}", crate::position::excerpt(&file.file));
        let limit = ATTESTATION_BYTES;
        let ask = Ask { subject: &subject, url, accept: ATTESTATIONS, limit, artifact: false, validators: None };
        match self.shared.exchange.ask(registry, ask).await? {
            Reply::Body { bytes, .. } => Ok(Some(bytes)),
            Reply::NotModified => Err(exchange::unasked_for(&subject)),
        }
    }

    /// The keys with which the registry signs, as it states them; `None` where its protocol or it has none.
    ///
    /// # Errors
    /// Why it could not be asked.
    pub async fn signing_keys(&self, ecosystem: Ecosystem) -> Result<Option<Bytes>, Cause> {
        let registry = self.shared.registry(ecosystem)?;
        let Some(url) = adapter(ecosystem).protocol().keys_request(&registry.config.url) else { return Ok(None) };
        let key = (ecosystem, "keys".to_owned());
        if let Some(known) = self.shared.configurations.fresh(&key, self.shared.fresh.max(FRESH)) {
            return Ok(Some(known).filter(|known| !known.is_empty()));
        }
        let subject = format!("fetch the keys of the {ecosystem} registry");
        let limit = ATTESTATION_BYTES;
        let ask =
            Ask { subject: &subject, url: &url, accept: "application/json", limit, artifact: false, validators: None };
        let bytes = match self.shared.exchange.ask(registry, ask).await {
            Ok(Reply::Body { bytes, .. }) => bytes,
            Ok(Reply::NotModified) => return Err(exchange::unasked_for(&subject)),
            Err(cause) if cause.kind == CauseKind::NotFound => Bytes::new(),
            Err(cause) => return Err(cause),
        };
        self.shared.configurations.keep(key, bytes.clone(), Validators::default(), bytes.len());
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Shared {
    fn registry(&self, ecosystem: Ecosystem) -> Result<&Registry, Cause> {
        self.registries.get(&ecosystem).ok_or_else(|| {
            Cause::new(CauseKind::NotConfigured, format!("no registry is configured for {ecosystem}"))
                .with_remedy("run lockgate init, or add the registry's address to the configuration")
        })
    }

    async fn ask_for_package(&self, ecosystem: Ecosystem, name: &str) -> Result<Arc<PublishedPackage>, Cause> {
        // 1. The name becomes part of an address.
        let registry = self.registry(ecosystem)?;
        let protocol = adapter(ecosystem).protocol();
        let subject = format!("fetch {ecosystem} {}", crate::position::excerpt(name));
        if !protocol.is_package_name(name) {
            return Err(Cause::new(CauseKind::Malformed, format!("{subject}: this is no package name of {ecosystem}")));
        }
        // 2. Ask, with the validators of the last answer.
        let key = (ecosystem, name.to_owned());
        let request = protocol.metadata_request(&registry.config.url, name);
        let known = self.packages.stale(&key);
        let ask = Ask {
            subject: &subject,
            url: &request.url,
            accept: request.accept,
            limit: registry.config.limits.metadata_bytes,
            artifact: false,
            validators: known.as_ref().map(|(_, validators)| validators),
        };
        let (bytes, validators) = match (self.exchange.ask(registry, ask).await?, known) {
            (Reply::Body { bytes, validators }, _) => (bytes, validators),
            (Reply::NotModified, Some((package, _))) => {
                self.packages.confirm(&key);
                return Ok(package);
            }
            (Reply::NotModified, None) => return Err(exchange::unasked_for(&subject)),
        };
        // 3. Read the answer, away from the threads that drive requests.
        let configuration = self.configuration(ecosystem, registry).await?;
        let (base, asked, weight) = (registry.config.url.clone(), name.to_owned(), bytes.len());
        let read = move || protocol.read_metadata(&base, &asked, &bytes, configuration.as_deref());
        let package = tokio::task::spawn_blocking(read)
            .await
            .map_err(|_| Cause::new(CauseKind::Internal, format!("{subject}: reading the answer failed")))??;
        let package = Arc::new(package);
        self.packages.keep(key, Arc::clone(&package), validators, weight);
        Ok(package)
    }

    /// The registry's own configuration, where its protocol has one.
    async fn configuration(&self, ecosystem: Ecosystem, registry: &Registry) -> Result<Option<Bytes>, Cause> {
        let Some(url) = adapter(ecosystem).protocol().configuration_request(&registry.config.url) else {
            return Ok(None);
        };
        let key = (ecosystem, String::new());
        if let Some(known) = self.configurations.fresh(&key, self.fresh.max(FRESH)) {
            return Ok(Some(known));
        }
        let subject = format!("fetch the configuration of the {ecosystem} registry");
        let limit = registry.config.limits.metadata_bytes;
        let ask =
            Ask { subject: &subject, url: &url, accept: "application/json", limit, artifact: false, validators: None };
        let Reply::Body { bytes, .. } = self.exchange.ask(registry, ask).await? else {
            return Err(exchange::unasked_for(&subject));
        };
        self.configurations.keep(key, bytes.clone(), Validators::default(), bytes.len());
        Ok(Some(bytes))
    }
}
