//! Databases and roles: the owner changes the schema, the run-time role only works with rows.
//!
//! A server that is taken over while it holds the run-time role cannot rewrite the decisions it has made.

use crate::{Result, StoreError, error::Doing};
use chrono::Utc;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use std::str::FromStr;
use uuid::Uuid;

/// The role without DDL, and without UPDATE or DELETE on append-only tables.
pub const RUNTIME_ROLE: &str = "lockgate_runtime";

/// The role that [`RUNTIME_ROLE`] takes on for whoever asks over HTTP: it sees certain installations' rows only.
pub const READER_ROLE: &str = "lockgate_reader";

/// Serialises changes to cluster-wide objects; PostgreSQL fails concurrent ones instead of waiting.
const PROVISION_LOCK: i64 = 0x6c6f_636b_6761_7465;

/// Begins the name of a database that may be removed after an hour.
const SCRATCH_PREFIX: &str = "scratch_";

/// Addresses of one database. They hold passwords, so `Debug` shows none.
#[derive(Clone)]
pub struct Urls {
    pub database: String,
    /// May change the schema.
    pub owner: String,
    /// Logs in as [`RUNTIME_ROLE`].
    pub runtime: String,
}

impl std::fmt::Debug for Urls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Urls").field("database", &self.database).finish_non_exhaustive()
    }
}

/// Creates `database` and the run-time role with `runtime_password` where they are missing. The owner is
/// `admin_url`'s login, which must be allowed to create both. Does not migrate.
///
/// # Errors
/// When `admin_url` cannot be read, connected to, or lacks the privilege; when a name is not plain.
pub async fn database(admin_url: &str, database: &str, runtime_password: &str) -> Result<Urls> {
    let urls = Urls {
        database: database.to_owned(),
        owner: with_database(admin_url, database)?,
        runtime: with_login(&with_database(admin_url, database)?, RUNTIME_ROLE, runtime_password)?,
    };
    let mut admin = locked(admin_url).await?;
    login_role(&mut admin, runtime_password).await?;
    let exists =
        sqlx::query_scalar!(r#"select exists(select from pg_database where datname = $1) as "exists!""#, database)
            .fetch_one(&mut admin)
            .await
            .doing(|| format!("look for the database {database}"))?;
    if !exists {
        run(&mut admin, format!("create database {}", identifier(database)?)).await?;
    }
    // Others on a shared server have no business here.
    run(&mut admin, format!("revoke all on database {} from public", identifier(database)?)).await?;
    run(&mut admin, format!("grant connect on database {} to {RUNTIME_ROLE}", identifier(database)?)).await?;
    close(admin).await?;
    Ok(urls)
}

/// A new, migrated database of its own, for a test or a demonstration. Who forgets to [`drop_database`] it
/// leaves that to a later call: databases of this kind are removed after an hour.
///
/// # Errors
/// See [`database`] and [`crate::migrate`].
pub async fn scratch(admin_url: &str, runtime_password: &str) -> Result<Urls> {
    let now = Utc::now().timestamp();
    for name in databases(admin_url, SCRATCH_PREFIX).await? {
        let made = name[SCRATCH_PREFIX.len()..].split('_').next().and_then(|seconds| seconds.parse::<i64>().ok());
        if made.is_some_and(|made| now - made > 3600) {
            drop_database(admin_url, &name).await?;
        }
    }
    let urls =
        database(admin_url, &format!("{SCRATCH_PREFIX}{now}_{}", Uuid::new_v4().simple()), runtime_password).await?;
    crate::migrate(&urls.owner).await?;
    Ok(urls)
}

/// Removes a database with everything in it, ending its connections.
///
/// # Errors
/// When `admin_url` cannot be connected to or lacks the privilege.
pub async fn drop_database(admin_url: &str, database: &str) -> Result<()> {
    let mut admin = locked(admin_url).await?;
    run(&mut admin, format!("drop database if exists {} with (force)", identifier(database)?)).await?;
    close(admin).await
}

/// Databases whose name begins with `prefix`, sorted.
///
/// # Errors
/// When `admin_url` cannot be connected to.
pub async fn databases(admin_url: &str, prefix: &str) -> Result<Vec<String>> {
    let mut admin = locked(admin_url).await?;
    let names = sqlx::query_scalar!(
        r#"select datname::text as "name!" from pg_database where starts_with(datname::text, $1) order by 1"#,
        prefix
    )
    .fetch_all(&mut admin)
    .await
    .doing(|| format!("list databases {prefix}*"))?;
    close(admin).await?;
    Ok(names)
}

/// Makes sure that the roles which migrations grant to exist, and that the owner may take them on.
pub(crate) async fn ensure_roles(owner: &mut PgConnection) -> Result<()> {
    sqlx::query!(r#"select pg_advisory_lock($1)::text as "locked""#, PROVISION_LOCK)
        .fetch_one(&mut *owner)
        .await
        .doing(|| "wait for other set-ups of this database".to_owned())?;
    let found = create_roles(owner).await;
    sqlx::query!(r#"select pg_advisory_unlock($1) as "unlocked""#, PROVISION_LOCK)
        .fetch_one(&mut *owner)
        .await
        .doing(|| "let other set-ups of this database go on".to_owned())?;
    found
}

async fn create_roles(owner: &mut PgConnection) -> Result<()> {
    create_runtime_role(owner).await?;
    create_reader_role(owner).await
}

async fn create_reader_role(owner: &mut PgConnection) -> Result<()> {
    let doing = || format!("look for the role {READER_ROLE}");
    let exists =
        sqlx::query_scalar!(r#"select exists(select from pg_roles where rolname = $1) as "exists!""#, READER_ROLE)
            .fetch_one(&mut *owner)
            .await
            .doing(doing)?;
    if !exists {
        let create = format!("create role {READER_ROLE} nologin");
        run(owner, create.clone()).await.map_err(|e| administrator_must(e, create))?;
    }
    let member = sqlx::query_scalar!(r#"select pg_has_role($1, $2, 'member') as "member!""#, RUNTIME_ROLE, READER_ROLE)
        .fetch_one(&mut *owner)
        .await
        .doing(doing)?;
    if !member {
        let grant = format!("grant {READER_ROLE} to {RUNTIME_ROLE}");
        run(owner, grant.clone()).await.map_err(|e| administrator_must(e, grant))?;
    }
    Ok(())
}

async fn create_runtime_role(owner: &mut PgConnection) -> Result<()> {
    let member = sqlx::query_scalar!(
        r#"select pg_has_role(oid, 'member') as "member!" from pg_roles where rolname = $1"#,
        RUNTIME_ROLE
    )
    .fetch_optional(&mut *owner)
    .await
    .doing(|| format!("look for the role {RUNTIME_ROLE}"))?;
    if member.is_none() {
        run(owner, format!("create role {RUNTIME_ROLE} nologin"))
            .await
            .map_err(|e| administrator_must(e, format!("create role {RUNTIME_ROLE} login password '...'")))?;
    }
    if member != Some(true) {
        // A server that has only the owner's address then works under the lesser role.
        run(owner, format!("grant {RUNTIME_ROLE} to current_user"))
            .await
            .map_err(|e| administrator_must(e, format!("grant {RUNTIME_ROLE} to <the owner>")))?;
    }
    Ok(())
}

fn administrator_must(error: StoreError, statement: String) -> StoreError {
    match error.sql_state().as_deref() {
        Some("42501") => StoreError::Refused {
            doing: "set up the roles of the database".to_owned(),
            why: format!("the owner may not; have an administrator run `{statement};` once"),
        },
        _ => error,
    }
}

/// Puts a fresh connection under the run-time role where its login is a member of it.
pub(crate) async fn take_runtime_role(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"select set_config('role', rolname::text, false) as "role" from pg_roles
           where rolname = $1 and rolname <> current_user and pg_has_role(oid, 'member')"#,
        RUNTIME_ROLE
    )
    .fetch_optional(connection)
    .await?;
    Ok(())
}

async fn login_role(admin: &mut PgConnection, password: &str) -> Result<()> {
    create_roles(admin).await?;
    // DDL takes no parameters; the server quotes the password itself.
    let statement = sqlx::query_scalar!(
        r#"select format('alter role %I login nosuperuser nocreatedb nocreaterole password %L', $1::text, $2::text) as "sql!""#,
        RUNTIME_ROLE,
        password
    )
    .fetch_one(&mut *admin)
    .await
    .doing(|| format!("quote the password of {RUNTIME_ROLE}"))?;
    (&mut *admin).execute(AssertSqlSafe(statement)).await.doing(|| format!("set the password of {RUNTIME_ROLE}"))?;
    Ok(())
}

/// The lock lasts as long as the connection.
async fn locked(admin_url: &str) -> Result<PgConnection> {
    let doing = || "connect to the database server as administrator".to_owned();
    // The statement that sets the password must not reach a log line.
    let options = PgConnectOptions::from_str(admin_url).doing(doing)?.disable_statement_logging();
    let mut admin = options.connect().await.doing(doing)?;
    sqlx::query!(r#"select pg_advisory_lock($1)::text as "locked""#, PROVISION_LOCK)
        .fetch_one(&mut admin)
        .await
        .doing(|| "wait for other set-ups of this database server".to_owned())?;
    Ok(admin)
}

async fn close(connection: PgConnection) -> Result<()> {
    connection.close().await.doing(|| "close the administrator's connection".to_owned())
}

/// Runs DDL. `statement` holds only constants and checked identifiers.
async fn run(connection: &mut PgConnection, statement: String) -> Result<()> {
    let doing = statement.clone();
    connection.execute(AssertSqlSafe(statement)).await.doing(|| doing)?;
    Ok(())
}

fn identifier(name: &str) -> Result<String> {
    let plain = (1..=63).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain {
        return Ok(format!("\"{name}\""));
    }
    Err(StoreError::Refused {
        doing: format!("use the database name {:?}", name.chars().take(80).collect::<String>()),
        why: "choose lower-case letters, digits and underscores, a letter first, at most 63".to_owned(),
    })
}

fn with_database(url: &str, database: &str) -> Result<String> {
    identifier(database)?;
    let mut url = parse(url)?;
    url.set_path(database);
    Ok(url.into())
}

fn with_login(url: &str, user: &str, password: &str) -> Result<String> {
    let mut url = parse(url)?;
    let set = url.set_username(user).and_then(|()| url.set_password(Some(password)));
    set.map_err(|()| unreadable_url("it names no host"))?;
    Ok(url.into())
}

fn parse(url: &str) -> Result<url::Url> {
    url::Url::parse(url).map_err(|e| unreadable_url(&e.to_string()))
}

fn unreadable_url(why: &str) -> StoreError {
    StoreError::Refused {
        doing: "read the database's address".to_owned(),
        why: format!("{why}; write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_sql_would_read_are_refused() {
        for bad in ["", "a b", "a\"; drop table x", "Upper", "1a", &"a".repeat(64)] {
            assert!(identifier(bad).is_err(), "{bad:?}");
        }
        assert_eq!(identifier("lockgate_2").unwrap(), "\"lockgate_2\"");
    }

    #[test]
    fn addresses_keep_the_host_and_escape_the_password() {
        let url = with_database("postgres://a:b@db.example.test:5433/postgres?sslmode=require", "lockgate").unwrap();
        assert_eq!(url, "postgres://a:b@db.example.test:5433/lockgate?sslmode=require");
        let url = with_login(&url, RUNTIME_ROLE, "p@s/s").unwrap();
        assert_eq!(url, "postgres://lockgate_runtime:p%40s%2Fs@db.example.test:5433/lockgate?sslmode=require");
        assert!(with_database("not an address", "lockgate").unwrap_err().to_string().contains("write it as"));
    }
}
