//! What the operator's configuration says about the network, once for the whole process.

use crate::hosts::lowercase;
use std::{
    collections::BTreeSet,
    sync::{LazyLock, PoisonError, RwLock},
};
use url::Url;

/// The rules that hold for every client of the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    private_hosts: BTreeSet<String>,
    proxy: Option<Url>,
}

static CURRENT: LazyLock<RwLock<Network>> = LazyLock::new(RwLock::default);

impl Network {
    /// `private_hosts`: names that may resolve to private addresses and be asked by plain http. `proxy`: through which
    /// everything goes; it then resolves the names, and the rule about addresses is its own to keep.
    pub fn new(private_hosts: impl IntoIterator<Item = String>, proxy: Option<Url>) -> Self {
        Self { private_hosts: private_hosts.into_iter().map(|host| lowercase(&host)).collect(), proxy }
    }

    /// Makes these the rules of the process, for the clients that are built from now on.
    pub fn install(self) {
        *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = self;
    }

    /// The rules of the process: those installed, else the strictest (no private host, no proxy).
    pub fn current() -> Self {
        CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the operator says that `host` lives in a private network.
    pub fn is_private(&self, host: &str) -> bool {
        self.private_hosts.contains(&lowercase(host))
    }

    pub(crate) fn proxy(&self) -> Option<&Url> {
        self.proxy.as_ref()
    }
}
