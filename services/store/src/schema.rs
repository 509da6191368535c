//! The schema's versions, built into the program.

use crate::{Result, error::Doing, provision};
use sqlx::{Connection, PgConnection, migrate::Migrator};

/// Every migration, in order.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Brings the database up to this program's schema. Needs the owner's login; several processes may do it
/// at once (sqlx takes an advisory lock).
///
/// # Errors
/// When the server cannot be reached, the login may not change the schema, or an applied migration was altered.
pub async fn migrate(owner_url: &str) -> Result<()> {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    migrate_to(owner_url, newest).await
}

/// As [`migrate`], up to `version` alone: the schema of an earlier program, from which an upgrade can be tried.
///
/// # Errors
/// See [`migrate`].
pub async fn migrate_to(owner_url: &str, version: i64) -> Result<()> {
    let mut connection =
        PgConnection::connect(owner_url).await.doing(|| "connect to the database as its owner".to_owned())?;
    provision::ensure_roles(&mut connection).await?;
    MIGRATIONS.run_to(version, &mut connection).await?;
    connection.close().await.doing(|| "close the owner's connection".to_owned())
}
