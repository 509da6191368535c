//! PostgreSQL of a run: a real cluster of its own, that can be stopped, crashed, filled up and failed over.

use super::{disk::Disk, proxy::Proxy};
use anyhow::{Context, Result, bail};
use lockgate_postgres::{Cluster, ClusterConfig, Durability, Shutdown};
use lockgate_store::provision;
use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use url::Url;

/// The database's name.
pub const DATABASE: &str = "lockgate";

/// The cluster behind its proxy. Cheap to clone; methods that change the cluster wait for each other.
#[derive(Debug, Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    disk: Arc<Disk>,
    proxy: Proxy,
    /// The server that is written to.
    cluster: Mutex<Cluster>,
    /// Serialises what changes the cluster; readers use `cluster` alone.
    turn: Mutex<u32>,
    owner_url: String,
    runtime_url: String,
}

impl Database {
    /// Initialises and starts a cluster on `disk`, with an empty database and the run-time role.
    ///
    /// # Errors
    /// When no PostgreSQL can be provided or it does not start.
    pub async fn start(disk: Arc<Disk>) -> Result<Self> {
        let folder = disk.path().join("postgres-0");
        let cluster = tokio::task::spawn_blocking(move || -> Result<Cluster> {
            let mut log = |line: &str| println!("  {line}");
            let cluster = Cluster::ensure(&mut ClusterConfig::new(folder, &mut log))?;
            // A small disk must not be filled by the log of what was written.
            cluster.execute("postgres", "alter system set max_wal_size = '192MB'")?;
            cluster.execute("postgres", "alter system set min_wal_size = '32MB'")?;
            cluster.execute("postgres", "select pg_reload_conf()")?;
            Ok(cluster)
        })
        .await??;
        Self::over(disk, cluster).await
    }

    /// A cluster that runs, with the database and the run-time role where they are missing.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn over(disk: Arc<Disk>, cluster: Cluster) -> Result<Self> {
        let urls = provision::database(&cluster.admin_url(), DATABASE, &cluster.runtime_password()).await?;
        let proxy = Proxy::start(cluster.port()).await?;
        let through = |url: &str| -> Result<String> {
            let mut url: Url = url.parse()?;
            let _ = url.set_port(Some(proxy.port()));
            Ok(url.to_string())
        };
        let (owner_url, runtime_url) = (through(&urls.owner)?, through(&urls.runtime)?);
        let inner = Inner { disk, proxy, cluster: Mutex::new(cluster), turn: Mutex::new(0), owner_url, runtime_url };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Through the proxy, so good over every restart and fail-over.
    pub fn owner_url(&self) -> &str {
        &self.inner.owner_url
    }

    /// As [`Self::owner_url`], for the run-time role.
    pub fn runtime_url(&self) -> &str {
        &self.inner.runtime_url
    }

    /// The server that is written to.
    pub fn cluster(&self) -> Cluster {
        lock(&self.inner.cluster).clone()
    }

    /// Rows of one statement on the database. Blocks.
    ///
    /// # Errors
    /// When the server is down or refuses.
    pub fn query(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        Ok(self.cluster().query(DATABASE, sql)?)
    }

    /// The first value of the first row. Blocks.
    ///
    /// # Errors
    /// When the server is down, refuses, or answers no row.
    pub fn value(&self, sql: &str) -> Result<String> {
        let rows = self.query(sql)?;
        rows.into_iter().flatten().flatten().next().with_context(|| format!("ask {sql:?}: no value came"))
    }

    /// Stops the server in the way given and starts it again. Blocks.
    ///
    /// # Errors
    /// When it cannot be stopped or started.
    pub fn restart(&self, how: Shutdown) -> Result<()> {
        let _turn = lock(&self.inner.turn);
        self.cluster().shut_down(how)?;
        self.resume()
    }

    /// Makes a standby, lets it follow for `following`, crashes the server and promotes the standby. Blocks.
    ///
    /// # Errors
    /// When the standby cannot be made or promoted.
    pub fn fail_over(&self, following: Duration) -> Result<()> {
        let mut turn = lock(&self.inner.turn);
        let old = self.cluster();
        let mut log = |_: &str| {};
        let folder = self.inner.disk.path().join(format!("postgres-{}", *turn + 1));
        let standby = old.standby(&mut ClusterConfig::new(folder, &mut log))?;
        *turn += 1;
        std::thread::sleep(following);
        old.shut_down(Shutdown::Immediate)?;
        standby.promote()?;
        self.inner.proxy.point_at(standby.port());
        *lock(&self.inner.cluster) = standby;
        std::fs::remove_dir_all(old.folder()).context("remove the old server")?;
        Ok(())
    }

    /// Fills the disk for `time`, then gives it back and sees to it that the server runs. Blocks.
    ///
    /// # Errors
    /// When the disk cannot be filled, or the server does not come back.
    pub fn fill_disk(&self, time: Duration) -> Result<()> {
        let _turn = lock(&self.inner.turn);
        self.inner.disk.fill()?;
        let until = std::time::Instant::now() + time;
        // Space that others give back meanwhile is taken too.
        while std::time::Instant::now() < until {
            self.inner.disk.fill()?;
            std::thread::sleep(Duration::from_millis(50));
        }
        self.inner.disk.drain()?;
        self.resume()
    }

    /// Starts the server where it does not run.
    fn resume(&self) -> Result<()> {
        let mut cluster = self.cluster();
        let mut tries = 0;
        while let Err(error) = cluster.start_again(Durability::Durable) {
            tries += 1;
            if tries == 5 {
                bail!("start PostgreSQL again: {error}");
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        self.inner.proxy.point_at(cluster.port());
        *lock(&self.inner.cluster) = cluster;
        Ok(())
    }

    /// Stops the server for good. Blocks.
    ///
    /// # Errors
    /// When it cannot be stopped.
    pub fn stop(&self) -> Result<()> {
        let _turn = lock(&self.inner.turn);
        Ok(self.cluster().shut_down(Shutdown::Immediate)?)
    }

    /// Where further clusters may lie: reachable by PostgreSQL's account.
    pub fn folder(&self) -> &Path {
        self.inner.disk.beside()
    }
}

impl Drop for Inner {
    /// A run that failed leaves no server behind.
    fn drop(&mut self) {
        let cluster = self.cluster.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = cluster.shut_down(Shutdown::Immediate);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
