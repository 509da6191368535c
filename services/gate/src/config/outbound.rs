//! `[outbound]`: where the program may go beyond what each service's own address says.

use anyhow::{Result, bail};
use lockgate_outbound::Network;
use serde::{Deserialize, Serialize};
use url::Url;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundConfig {
    /// Names of hosts that live in the operator's own network: they may resolve to private or loopback addresses and be
    /// asked by plain http. Every other configured name must resolve to public addresses. `lockgate doctor` says which
    /// name is missing here.
    pub private_hosts: Vec<String>,
    /// An http proxy through which GitHub, registries, feeds, the OpenID provider, traces and git are reached. Without
    /// user and password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Url>,
}

impl OutboundConfig {
    pub(super) fn validate(&self) -> Result<()> {
        for host in &self.private_hosts {
            if Url::parse(&format!("https://{host}/"))
                .is_ok_and(|url| url.host_str() == Some(host.to_lowercase().as_str()))
            {
                continue;
            }
            bail!("outbound.private_hosts: {host:?} is not a host name; give it without scheme, port and path");
        }
        Ok(())
    }

    /// Makes this what holds for every client of the process.
    pub fn install(&self) {
        Network::new(self.private_hosts.iter().cloned(), self.proxy.clone()).install();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_host_is_a_name_alone() {
        let check =
            |host: &str| OutboundConfig { private_hosts: vec![host.to_owned()], proxy: None }.validate().is_ok();
        assert!(check("npm.corp.example.test") && check("NPM.corp.example.test") && check("10.0.0.7"));
        for wrong in ["https://npm.example.test", "npm.example.test:443", "npm.example.test/x", "", "*.example.test/"] {
            assert!(!check(wrong), "{wrong}");
        }
    }
}
