//! A second server that follows the first by streaming replication, and can take its place.

use crate::{
    cluster::{Cluster, ClusterConfig},
    error::{ClusterError, Result},
    process,
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Longest time until a fresh standby follows.
const FOLLOWS: Duration = Duration::from_secs(60);

impl Cluster {
    /// Makes a standby in the folder of `config` and starts it. From then on a commit here is answered only after the
    /// standby has it on its disk, so that a fail-over loses nothing.
    ///
    /// # Errors
    /// When the folder cannot be used, the copy fails, or the standby does not follow.
    pub fn standby(&self, config: &mut ClusterConfig<'_>) -> Result<Self> {
        let standby = self.base_backup(config, &["-R"])?;
        let until = Instant::now() + FOLLOWS;
        while self.query("postgres", "select 1 from pg_stat_replication where state = 'streaming'")?.is_empty() {
            if Instant::now() > until {
                return Err(ClusterError::Server(format!("the standby does not follow after {} s", FOLLOWS.as_secs())));
            }
            thread::sleep(Duration::from_millis(50));
        }
        // Set after the copy was made: the standby, once promoted, must not wait for one of its own.
        self.execute("postgres", "alter system set synchronous_standby_names = '*'")?;
        self.execute("postgres", "select pg_reload_conf()")?;
        Ok(standby)
    }

    /// Makes a standby a server of its own. The old one must be down first, or both take writes.
    ///
    /// # Errors
    /// When it does not become one within a minute.
    pub fn promote(&self) -> Result<()> {
        let mut command = self.control("promote");
        command.args(["-w", "-t", "60"]);
        process::run(&mut command, "promote the standby", "see its log").map(drop)
    }
}
