//! What the operator's configuration says about the network, once for the whole process.

use crate::hosts::lowercase;
use std::{collections::BTreeSet, sync::OnceLock};
use url::Url;

/// The rules that hold for every client of the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    private_hosts: BTreeSet<String>,
    proxy: Option<Url>,
}

/// The process has other rules already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rules for outbound requests were set before, and differently; a process has one configuration")]
pub struct UseError;

static CURRENT: OnceLock<Network> = OnceLock::new();

impl Network {
    /// `private_hosts`: names that may resolve to private addresses and be asked by plain http. `proxy`: through which
    /// everything goes; it then resolves the names, and the rule about addresses is its own to keep.
    pub fn new(private_hosts: impl IntoIterator<Item = String>, proxy: Option<Url>) -> Self {
        Self { private_hosts: private_hosts.into_iter().map(|host| lowercase(&host)).collect(), proxy }
    }

    /// Makes these the rules of the process. Setting the same ones again is fine.
    ///
    /// # Errors
    /// When other rules were set, or already used, before: clients that exist would not follow them.
    pub fn install(self) -> Result<(), UseError> {
        let current = CURRENT.get_or_init(|| self.clone());
        if *current == self { Ok(()) } else { Err(UseError) }
    }

    /// The rules of the process: those installed, else the strictest (no private host, no proxy).
    pub fn current() -> Self {
        CURRENT.get().cloned().unwrap_or_default()
    }

    /// Whether the operator says that `host` lives in a private network.
    pub fn is_private(&self, host: &str) -> bool {
        self.private_hosts.contains(&lowercase(host))
    }

    pub(crate) fn proxy(&self) -> Option<&Url> {
        self.proxy.as_ref()
    }
}
