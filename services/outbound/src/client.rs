//! The clients.

use crate::{Hosts, Refused, resolver, trust};
use reqwest::{Method, RequestBuilder, redirect};
use std::{fmt, sync::Arc, time::Duration};
use url::Url;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a client behaves, where it goes being [`Hosts`]' matter.
#[derive(Debug, Clone)]
pub struct Settings {
    pub user_agent: String,
    /// Of a whole exchange; `None` leaves it to the caller.
    pub timeout: Option<Duration>,
    /// Whether bodies are decompressed.
    pub gzip: bool,
}

impl Settings {
    pub fn new(user_agent: impl Into<String>) -> Self {
        Self { user_agent: user_agent.into(), timeout: None, gzip: true }
    }

    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    #[must_use]
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = gzip;
        self
    }
}

/// A client that reaches the hosts it was built for. Redirects come back as answers: who follows one asks again, and is
/// checked again. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    hosts: Arc<Hosts>,
    pub(crate) inner: reqwest::Client,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl Client {
    /// # Errors
    /// When the system's TLS cannot be set up or the user agent cannot be sent.
    pub fn new(hosts: Hosts, settings: &Settings) -> reqwest::Result<Self> {
        Self::with_lookup(hosts, settings, resolver::system())
    }

    pub(crate) fn with_lookup(hosts: Hosts, settings: &Settings, lookup: resolver::Lookup) -> reqwest::Result<Self> {
        let hosts = Arc::new(hosts);
        let mut builder = reqwest::Client::builder()
            .user_agent(&settings.user_agent)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .gzip(settings.gzip)
            // The environment's proxies are not the operator's configuration.
            .no_proxy()
            .dns_resolver(resolver::Resolver::new(Arc::clone(&hosts), lookup));
        if let Some(timeout) = settings.timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(proxy) = hosts.network().proxy() {
            builder = builder.proxy(reqwest::Proxy::all(proxy.as_str())?);
        }
        Ok(Self { inner: builder.build()?, hosts })
    }

    /// A request to `url`.
    ///
    /// # Errors
    /// [`Refused`] when the client was not built for it.
    pub fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, Refused> {
        self.hosts.check(url)?;
        Ok(self.inner.request(method, url.clone()))
    }

    /// # Errors
    /// As [`Self::request`].
    pub fn get(&self, url: &Url) -> Result<RequestBuilder, Refused> {
        self.request(Method::GET, url)
    }

    /// # Errors
    /// As [`Self::request`].
    pub fn post(&self, url: &Url) -> Result<RequestBuilder, Refused> {
        self.request(Method::POST, url)
    }
}

/// A client outside of any runtime, for the one address `url`.
///
/// # Errors
/// When the system's TLS cannot be set up.
pub fn blocking(url: &Url, settings: &Settings) -> reqwest::Result<reqwest::blocking::Client> {
    let mut builder = reqwest::blocking::Client::builder()
        .user_agent(&settings.user_agent)
        .redirect(redirect::Policy::none())
        .referer(false)
        .gzip(settings.gzip);
    if let Some(timeout) = settings.timeout {
        builder = builder.timeout(timeout);
    }
    restrict_blocking(builder, url)?.build()
}

/// Binds a builder of somebody else's (gix) to the host of `url`, by the same resolver. A redirect to an address that
/// is written in digits does not pass a resolver; whoever takes the builder on must follow none to another host.
///
/// # Errors
/// When the configured proxy cannot be used.
pub fn restrict_blocking(
    builder: reqwest::blocking::ClientBuilder,
    url: &Url,
) -> reqwest::Result<reqwest::blocking::ClientBuilder> {
    let hosts = Arc::new(Hosts::new().with(url));
    let builder = builder
        .connect_timeout(CONNECT_TIMEOUT)
        .no_proxy()
        .dns_resolver(Arc::new(resolver::Resolver::new(Arc::clone(&hosts), resolver::system())));
    // Where that fails, the builder fails alike, and says why.
    let builder = match trust::shared() {
        Ok(tls) => builder.tls_backend_preconfigured(tls).http1_only(),
        Err(_) => builder,
    };
    match hosts.network().proxy() {
        Some(proxy) => Ok(builder.proxy(reqwest::Proxy::all(proxy.as_str())?)),
        None => Ok(builder),
    }
}
