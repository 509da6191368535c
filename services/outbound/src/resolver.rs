//! Names to addresses, and only to those that may be connected to.

use crate::{Hosts, Reach, reach};
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// Asks for the addresses of a name.
pub(crate) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The resolver of one client. What it answers is what is connected to, so a name that answers differently the next
/// time (DNS rebinding) is checked the next time too.
#[derive(Clone)]
pub(crate) struct Resolver {
    hosts: Arc<Hosts>,
    lookup: Lookup,
}

impl Resolver {
    pub(crate) fn new(hosts: Arc<Hosts>, lookup: Lookup) -> Self {
        Self { hosts, lookup }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { hosts, lookup } = self.clone();
        Box::pin(async move {
            let name = name.as_str().to_owned();
            // A host that is not allowed is not even asked for: its name server would learn of us.
            hosts.usable(&name, Vec::new())?;
            let addresses = lookup(name.clone()).await?;
            let usable = hosts.usable(&name, addresses)?;
            Ok(Box::new(usable.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The operating system's answer.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
    })
}

/// Whether `name` resolves, and to nothing but addresses of this machine or of a private network: then it must be
/// listed in `outbound.private_hosts`.
pub async fn resolves_privately(name: &str) -> bool {
    let found = system()(name.to_owned()).await.unwrap_or_default();
    !found.is_empty() && found.iter().all(|address| matches!(reach(*address), Reach::Private | Reach::Loopback))
}
