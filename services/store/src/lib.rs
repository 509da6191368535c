//! What Lockgate remembers: all SQL, the job queue included, and the only user of sqlx.
//!
//! Functions take `impl PgExecutor<'_>` for one statement, or `&mut PgConnection` for several, so that
//! each joins the caller's transaction: whether a delivery and its job are committed together is decided
//! by `gate`, in one place. Foreign JSON and everything that is hashed is kept as `json` text and bound
//! as text: `jsonb` refuses `\u0000` and rewrites numbers, and sqlx would pass a JSON value as `jsonb`.

mod error;
mod json;
mod schema;

pub mod access;
pub mod access_log;
pub mod advisories;
pub mod artifacts;
pub mod check_runs;
pub mod decisions;
pub mod deliveries;
pub mod evaluations;
pub mod evidence;
pub mod firewall;
pub mod first_seen;
pub mod incidents;
pub mod installations;
pub mod jobs;
pub mod mirror;
pub mod models;
pub mod policies;
pub mod provision;
pub mod repositories;
pub mod retention;
pub mod waivers;

pub use error::{Result, StoreError};
pub use provision::{READER_ROLE, RUNTIME_ROLE};
pub use schema::{MIGRATIONS, migrate, migrate_to};
pub use sqlx::{PgConnection, PgPool};

use error::Doing;
use sqlx::{
    ConnectOptions, Connection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

/// A transaction; dropping it without `commit` undoes it.
pub type Transaction<'a> = sqlx::Transaction<'a, sqlx::Postgres>;

/// A pool of connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
}

impl Store {
    /// Connects with at most `max_connections`. A login that is a member of [`RUNTIME_ROLE`] takes that role
    /// on, so that even a server that was given the owner's address cannot change a decision by mistake.
    ///
    /// # Errors
    /// When the address cannot be read or the server cannot be reached.
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self> {
        let doing = || "connect to the database".to_owned();
        let options = PgConnectOptions::from_str(url).doing(doing)?.application_name("lockgate");
        // A pool would try for 10 s and then say only that time is up.
        options.connect().await.doing(doing)?.close().await.doing(doing)?;
        let pool = pool(max_connections).connect_with(options).await.doing(doing)?;
        Ok(Self { pool })
    }

    /// Other connections to the same database, made when they are first used. Connections are driven by the runtime that
    /// made them, and this must be called within it.
    #[must_use]
    pub fn apart(&self, max_connections: u32) -> Self {
        Self { pool: pool(max_connections).connect_lazy_with(self.pool.connect_options().as_ref().clone()) }
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// # Errors
    /// When no connection is to be had within 10 s.
    pub async fn begin(&self) -> Result<Transaction<'static>> {
        self.pool.begin().await.doing(|| "begin a transaction".to_owned())
    }

    /// Asks the server for a sign of life.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query_scalar!(r#"select 1 as "one!""#)
            .fetch_one(&self.pool)
            .await
            .doing(|| "ask the database for a sign of life".to_owned())?;
        Ok(())
    }

    /// Waits until every connection is given back, then closes them.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn pool(max_connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections.max(1))
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|connection, _| Box::pin(async move { provision::take_runtime_role(connection).await }))
}
