//! The hosts that one client was built for.

use crate::{Network, Reach, Refused, reach};
use std::{collections::BTreeSet, net::IpAddr};
use url::{Host, Url};

/// Hosts by name and, where one was given, port.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// `host:port`.
    exact: BTreeSet<String>,
    network: Network,
}

impl Hosts {
    /// No host yet, under the rules of the process.
    pub fn new() -> Self {
        Self::within(Network::current())
    }

    /// No host yet, under `network`'s rules.
    pub fn within(network: Network) -> Self {
        Self { exact: BTreeSet::new(), network }
    }

    /// Allows the host and port of `url`.
    #[must_use]
    pub fn with(mut self, url: &Url) -> Self {
        self.exact.extend(host_and_port(url));
        self
    }

    /// Allows `host:port`, or `host` at the port of https.
    #[must_use]
    pub fn with_host(mut self, host: &str) -> Self {
        let host = lowercase(host);
        let has_port =
            host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok() && !host.ends_with(']'));
        self.exact.insert(if has_port { host } else { format!("{host}:443") });
        self
    }

    /// Allows what `others` allow.
    #[must_use]
    pub fn and(mut self, others: &Self) -> Self {
        self.exact.extend(others.exact.iter().cloned());
        self
    }

    /// Whether `url` may be asked, as far as its text tells; the resolver checks the addresses behind its name.
    ///
    /// # Errors
    /// [`Refused`], naming the host and the remedy.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Refused::Scheme { scheme: url.scheme().to_owned() });
        }
        let shown = url.host_str().unwrap_or_default().to_owned();
        if !host_and_port(url).is_some_and(|host| self.exact.contains(&host)) {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            return Err(Refused::Host { host: format!("{shown}{port}") });
        }
        if url.scheme() == "http" && !is_loopback(url) && !self.network.is_private(&shown) {
            return Err(Refused::Unencrypted { host: shown });
        }
        Ok(())
    }

    /// Whether a connection may be made to `name` at all, and to which of `addresses`.
    pub(crate) fn usable(&self, name: &str, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, Refused> {
        let host = lowercase(name);
        let is_proxy = self.network.proxy().and_then(Url::host_str).is_some_and(|proxy| proxy == host);
        let is_named = self.exact.iter().any(|known| known.rsplit_once(':').is_some_and(|(known, _)| known == host));
        if !is_named && !is_proxy {
            return Err(Refused::Host { host });
        }
        let may = |address: &IpAddr| match reach(*address) {
            Reach::Public => true,
            Reach::Loopback => is_localhost(&host) || is_proxy || self.network.is_private(&host),
            Reach::Private => is_proxy || self.network.is_private(&host),
            // Never by a name: whoever means such an address writes the address.
            Reach::LinkLocal | Reach::Nowhere => false,
        };
        let Some(first) = addresses.first().copied() else { return Ok(addresses) };
        let usable: Vec<IpAddr> = addresses.into_iter().filter(may).collect();
        if usable.is_empty() {
            return Err(Refused::Address { host, address: first, reach: reach(first) });
        }
        Ok(usable)
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }
}

/// Scheme, host and port: what may be shown of an address.
pub fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// Whether the address itself says that it is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(&lowercase(name)),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// RFC 6761, 6.3.
fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

fn host_and_port(url: &Url) -> Option<String> {
    Some(format!("{}:{}", lowercase(url.host_str()?), url.port_or_known_default()?))
}

/// Host names compare without case and without the root's dot.
pub(crate) fn lowercase(host: &str) -> String {
    host.trim().trim_end_matches('.').to_ascii_lowercase()
}
