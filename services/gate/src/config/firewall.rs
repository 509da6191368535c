//! `[firewall]`: the door through which package managers install. Absent: it is not opened.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, time::Duration};
use url::Url;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirewallConfig {
    /// A listener of its own. Whoever reaches it may install what policy allows; it asks for no credentials.
    pub listen: SocketAddr,
    /// The address under which clients reach it, where that is not the one above: metadata leads them there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// Longest time that a client waits for a file to be judged, in seconds. The judging goes on, and the next one finds
    /// its answer.
    #[serde(default = "judge_seconds")]
    pub judge_seconds: u64,
    /// After how many seconds a refusal is judged again; an allowed file is judged again when policy or the advisories
    /// about its package change.
    #[serde(default = "refusal_seconds")]
    pub refusal_seconds: u64,
    /// Files judged at once.
    #[serde(default = "judged_at_once")]
    pub judged_at_once: usize,
    /// Bytes of artifacts, and as many of metadata, that are kept in memory.
    #[serde(default = "memory_bytes")]
    pub memory_bytes: u64,
}

fn judge_seconds() -> u64 {
    60
}

fn refusal_seconds() -> u64 {
    300
}

fn judged_at_once() -> usize {
    8
}

fn memory_bytes() -> u64 {
    256 << 20
}

impl FirewallConfig {
    /// A door at this address, all else as usual.
    pub fn at(listen: SocketAddr) -> Self {
        Self {
            listen,
            public_url: None,
            judge_seconds: judge_seconds(),
            refusal_seconds: refusal_seconds(),
            judged_at_once: judged_at_once(),
            memory_bytes: memory_bytes(),
        }
    }

    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.judge_seconds)
    }

    /// Where clients reach it; ends with a slash.
    pub fn public_url(&self) -> Url {
        let own = || Url::parse(&format!("http://{}/", self.listen)).expect("a socket address is an address");
        let mut url = self.public_url.clone().unwrap_or_else(own);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        url
    }

    pub(super) fn validate(&self) -> Result<()> {
        if self.public_url.is_none() && self.listen.ip().is_unspecified() {
            bail!(
                "firewall.listen is every address of this machine; name the one that clients use as firewall.public_url"
            );
        }
        if self.judge_seconds == 0 || self.judged_at_once == 0 {
            bail!("firewall.judge_seconds and firewall.judged_at_once must be at least 1");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_needs_an_address_to_lead_to() {
        let read = |text: &str| toml::from_str::<FirewallConfig>(text).unwrap();
        assert_eq!(read("listen = '127.0.0.1:8081'").public_url().as_str(), "http://127.0.0.1:8081/");
        assert!(read("listen = '0.0.0.0:8081'").validate().unwrap_err().to_string().contains("firewall.public_url"));
        let named = read("listen = '0.0.0.0:8081'\npublic_url = 'https://packages.example.test/in'");
        assert!(named.validate().is_ok());
        assert_eq!(named.public_url().as_str(), "https://packages.example.test/in/");
    }
}
