//! Where the client may go. The attacker here writes addresses into a registry's answers or redirects: to a
//! host of the operator's own network, or to one that would learn the token.

use super::RegistryConfig;
use lockgate_model::{Cause, CauseKind};
use url::{Host, Url};

/// The hosts of one registry.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    /// The registry's own address.
    own: Url,
    /// `host` or `host:port`, lower case.
    artifact_hosts: Vec<String>,
}

impl Hosts {
    /// # Errors
    /// When the registry's address is not http, or its token would travel in the clear.
    pub(super) fn new(config: &RegistryConfig) -> Result<Self, Cause> {
        let own = &config.url;
        let refuse = |why: &str| {
            let message = format!("the {} registry {} {why}", config.ecosystem, shown(own));
            Cause::new(CauseKind::NotConfigured, message)
        };
        if !matches!(own.scheme(), "https" | "http") || own.host().is_none() {
            return Err(refuse("is not an http address").with_remedy("give an https address"));
        }
        if config.token.is_some() && own.scheme() == "http" && !is_loopback(own) {
            return Err(refuse("would get its token unencrypted").with_remedy("give an https address"));
        }
        let artifact_hosts = config.artifact_hosts.iter().map(|host| host.trim().to_ascii_lowercase()).collect();
        Ok(Self { own: own.clone(), artifact_hosts })
    }

    /// Whether `url` may be fetched: the registry's own scheme, host and port, or a configured host by https
    /// (by http on this machine).
    ///
    /// # Errors
    /// [`CauseKind::HostNotAllowed`], naming the host and the configuration key.
    pub(super) fn check(&self, subject: &str, url: &Url) -> Result<(), Cause> {
        let refuse = |why: String| Err(Cause::new(CauseKind::HostNotAllowed, format!("{subject}: {why}")));
        if self.is_own(url) {
            return Ok(());
        }
        let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "https" | "http")) else {
            return refuse(format!("a {} address is not fetched", url.scheme()));
        };
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let own_port = url.port_or_known_default().map(|port| format!("{}:{port}", url.host_str().unwrap_or_default()));
        if !self.artifact_hosts.iter().any(|allowed| *allowed == host || Some(allowed) == own_port.as_ref()) {
            return refuse(format!("the host {host} is not one that the operator allows")).map_err(|cause| {
                cause.with_remedy(format!("if it is trusted, add {host} to artifact_hosts of the registry"))
            });
        }
        if url.scheme() == "http" && !is_loopback(url) {
            return refuse(format!("the address on {host} is not encrypted"));
        }
        Ok(())
    }

    /// Whether `url` has the registry's own scheme, host and port: the only place that gets the token.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.scheme() == self.own.scheme()
            && url.host() == self.own.host()
            && url.port_or_known_default() == self.own.port_or_known_default()
    }
}

/// Scheme, host and port: what may be shown of an address.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Secret};
    use lockgate_model::Ecosystem;

    fn config(url: &str, hosts: &[&str], token: bool) -> RegistryConfig {
        RegistryConfig {
            ecosystem: Ecosystem::Npm,
            url: Url::parse(url).unwrap(),
            artifact_hosts: hosts.iter().map(|h| (*h).to_owned()).collect(),
            token: token.then(|| Secret::new("t")),
            limits: Limits::default(),
        }
    }

    #[test]
    fn only_configured_hosts_are_allowed() {
        let hosts = ["Files.example.test", "cdn.example.test:8443", "127.0.0.1:81", "plain.example.test:443"];
        let hosts = Hosts::new(&config("https://registry.example.test/npm/", &hosts, true)).unwrap();
        for (url, allowed) in [
            ("https://registry.example.test/other", true),
            ("https://registry.example.test:443/x", true),
            ("http://registry.example.test/x", false),
            ("https://registry.example.test:444/x", false),
            ("https://files.example.test/x", true),
            ("https://FILES.example.test/x", true),
            ("http://files.example.test/x", false),
            ("https://a.files.example.test/x", false),
            ("https://cdn.example.test:8443/x", true),
            ("https://cdn.example.test/x", false),
            ("https://plain.example.test/x", true),
            ("http://127.0.0.1:81/x", true),
            ("http://127.0.0.1/x", false),
            ("https://evil.example.test/?https://files.example.test/", false),
            ("https://files.example.test@evil.example.test/", false),
            ("file:///etc/passwd", false),
            ("data:text/plain,x", false),
        ] {
            assert_eq!(hosts.check("fetch x", &Url::parse(url).unwrap()).is_ok(), allowed, "{url}");
        }
    }

    #[test]
    fn a_refusal_names_the_host_and_the_key() {
        let hosts = Hosts::new(&config("https://registry.example.test", &[], false)).unwrap();
        let cause =
            hosts.check("fetch npm a 1.0.0", &Url::parse("https://u:p@evil.example.test/x").unwrap()).unwrap_err();
        assert_eq!(cause.kind, CauseKind::HostNotAllowed);
        assert_eq!(
            cause.to_string(),
            "fetch npm a 1.0.0: the host evil.example.test is not one that the operator allows; \
             if it is trusted, add evil.example.test to artifact_hosts of the registry"
        );
    }

    #[test]
    fn a_token_never_travels_in_the_clear() {
        assert!(Hosts::new(&config("http://registry.example.test", &[], true)).is_err());
        assert!(Hosts::new(&config("http://registry.example.test", &[], false)).is_ok());
        assert!(Hosts::new(&config("http://localhost:4873", &[], true)).is_ok());
        assert!(Hosts::new(&config("ftp://registry.example.test", &[], false)).is_err());
    }
}
