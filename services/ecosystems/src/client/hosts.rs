//! Where the client may go. The attacker here writes addresses into a registry's answers or redirects: to a
//! host of the operator's own network, or to one that would learn the token.

use super::RegistryConfig;
use lockgate_model::{Cause, CauseKind};
use lockgate_outbound::{self as outbound, Network, Refused, is_loopback};
use url::Url;

/// The hosts of one registry.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    /// The registry's own address.
    own: Url,
    allowed: outbound::Hosts,
}

impl Hosts {
    /// # Errors
    /// When the registry's address is not http, or it or its token would travel in the clear.
    pub(super) fn new(config: &RegistryConfig) -> Result<Self, Cause> {
        let own = &config.url;
        let refuse = |why: &str, remedy: &str| {
            let message = format!("the {} registry {} {why}", config.ecosystem, shown(own));
            Err(Cause::new(CauseKind::NotConfigured, message).with_remedy(remedy))
        };
        let Some(host) = own.host_str().filter(|_| matches!(own.scheme(), "https" | "http")) else {
            return refuse("is not an http address", "give an https address");
        };
        let plain = own.scheme() == "http" && !is_loopback(own);
        if plain && config.token.is_some() {
            return refuse("would get its token unencrypted", "give an https address");
        }
        if plain && !Network::current().is_private(host) {
            return refuse(
                "would be asked unencrypted",
                "give an https address, or add its host to outbound.private_hosts if it is in your own network",
            );
        }
        let allowed =
            config.artifact_hosts.iter().fold(outbound::Hosts::new().with(own), |hosts, host| hosts.with_host(host));
        Ok(Self { own: own.clone(), allowed })
    }

    /// Whether `url` may be fetched: the registry's own host and port, or a configured host; by https, or by http on
    /// this machine and in the operator's own network.
    ///
    /// # Errors
    /// [`CauseKind::HostNotAllowed`], naming the host and the configuration key.
    pub(super) fn check(&self, subject: &str, url: &Url) -> Result<(), Cause> {
        self.allowed.check(url).map_err(|refused| cause(subject, &refused))
    }

    /// Whether `url` has the registry's own scheme, host and port: the only place that gets the token.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.scheme() == self.own.scheme()
            && url.host() == self.own.host()
            && url.port_or_known_default() == self.own.port_or_known_default()
    }

    /// The rules for a client of this and other registries.
    pub(super) fn allow_in(&self, hosts: outbound::Hosts) -> outbound::Hosts {
        hosts.and(&self.allowed)
    }
}

/// A refusal as the cause of missing evidence.
pub(super) fn cause(subject: &str, refused: &Refused) -> Cause {
    let cause = Cause::new(CauseKind::HostNotAllowed, format!("{subject}: {refused}"));
    match refused {
        Refused::Host { host } => {
            cause.with_remedy(format!("if it is trusted, add {host} to artifact_hosts of the registry"))
        }
        _ => cause,
    }
}

/// Scheme, host and port: what may be shown of an address.
pub(super) fn shown(url: &Url) -> String {
    outbound::shown(url)
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
            "fetch npm a 1.0.0: the host evil.example.test is not one that the operator's configuration allows; \
             if it is trusted, add evil.example.test to artifact_hosts of the registry"
        );
    }

    #[test]
    fn nothing_travels_in_the_clear() {
        assert!(Hosts::new(&config("http://registry.example.test", &[], true)).is_err());
        assert!(Hosts::new(&config("http://registry.example.test", &[], false)).is_err());
        assert!(Hosts::new(&config("http://localhost:4873", &[], true)).is_ok());
        assert!(Hosts::new(&config("ftp://registry.example.test", &[], false)).is_err());
    }
}
