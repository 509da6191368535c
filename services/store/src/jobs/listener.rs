//! Wakes a worker when a job was committed. A hint only: who misses one finds the job at the next poll.

use crate::{Result, Store, error::Doing};
use sqlx::postgres::PgListener;

/// The channel that the trigger of the table `jobs` notifies.
const CHANNEL: &str = "lockgate_jobs";

/// Why [`Listener::wait`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    Notified,
    /// The connection was lost and made again; jobs may have come meanwhile.
    Reconnected,
}

/// Takes one connection of the store's pool as long as it lives.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(store: &Store) -> Result<Self> {
        let doing = || "listen for jobs".to_owned();
        let mut listener = PgListener::connect_with(store.pool()).await.doing(doing)?;
        listener.listen(CHANNEL).await.doing(doing)?;
        Ok(Self(listener))
    }

    /// Waits without end; notifications that had gathered meanwhile count as one. May be dropped at any time.
    ///
    /// # Errors
    /// When the connection is lost and cannot be made again.
    pub async fn wait(&mut self) -> Result<Wake> {
        let woken = self.0.try_recv().await.doing(|| "listen for jobs".to_owned())?;
        while self.0.next_buffered().is_some() {}
        Ok(if woken.is_some() { Wake::Notified } else { Wake::Reconnected })
    }
}
