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
    let mut connection =
        PgConnection::connect(owner_url).await.doing(|| "connect to the database as its owner".to_owned())?;
    provision::ensure_runtime_role(&mut connection).await?;
    MIGRATIONS.run(&mut connection).await?;
    connection.close().await.doing(|| "close the owner's connection".to_owned())
}
