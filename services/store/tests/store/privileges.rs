//! A server that was taken over while it holds the run-time role cannot rewrite what it decided.

use crate::support::{Database, decidable};
use lockgate_store::{Store, decisions};
use sqlx::{Executor, PgPool};

/// The SQLSTATE with which the server refuses.
async fn refusal<'c>(executor: impl Executor<'c, Database = sqlx::Postgres>, sql: &'static str) -> String {
    let error = executor.execute(sql).await.err().map(|e| match e.as_database_error().and_then(|e| e.code()) {
        Some(code) => code.into_owned(),
        None => e.to_string(),
    });
    error.unwrap_or_else(|| "done".to_owned())
}

async fn with_a_decision(database: &Database) -> &PgPool {
    let new = decidable(&database.store, 1).await;
    let mut connection = database.store.pool().acquire().await.expect("a connection");
    decisions::append(&mut connection, &new).await.expect("a decision");
    database.store.pool()
}

/// PostgreSQL manual, appendix A.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
const RESTRICT_VIOLATION: &str = "23001";

const REWRITES: [&str; 12] = [
    "update decisions set outcome = 'allow'",
    "delete from decisions",
    "truncate decisions cascade",
    "update assessments set asked_at = now()",
    "update evidence set body = '{}'",
    "delete from evidence",
    "update first_seen set digest = 'sha256:00'",
    "delete from first_seen",
    "update known_artifacts set sha256 = 'sha256:00'",
    "update deliveries set payload = '{}'",
    "delete from deliveries",
    "update policies set files = '{}'",
];

#[tokio::test]
async fn the_runtime_role_rewrites_nothing() {
    let database = Database::new().await;
    let pool = with_a_decision(&database).await;
    for sql in REWRITES {
        assert_eq!(refusal(pool, sql).await, INSUFFICIENT_PRIVILEGE, "{sql}");
    }
}

#[tokio::test]
async fn the_runtime_role_has_no_ddl() {
    let database = Database::new().await;
    for sql in [
        "create table t (n int)",
        "alter table decisions disable trigger all",
        "drop table jobs",
        "create role another",
        "create or replace function refuse_change() returns trigger language plpgsql as 'begin return null; end'",
        "create schema s",
    ] {
        assert_eq!(refusal(database.store.pool(), sql).await, INSUFFICIENT_PRIVILEGE, "{sql}");
    }
}

#[tokio::test]
async fn a_store_with_the_owners_address_works_under_the_lesser_role() {
    let database = Database::new().await;
    let store = Store::connect(&database.urls.owner, 2).await.unwrap();
    assert_eq!(refusal(store.pool(), "delete from decisions").await, INSUFFICIENT_PRIVILEGE);
    store.ping().await.unwrap();
}

#[tokio::test]
async fn even_the_owner_does_not_rewrite_by_mistake() {
    let database = Database::new().await;
    with_a_decision(&database).await;
    let mut owner = database.owner().await;
    for sql in ["update decisions set outcome = 'allow'", "delete from assessments", "delete from evidence"] {
        assert_eq!(refusal(&mut owner, sql).await, RESTRICT_VIOLATION, "{sql}");
    }
}

#[tokio::test]
async fn an_error_names_the_subject_and_the_remedy_and_no_password() {
    let database = Database::new().await;
    let wrong = database.urls.runtime.replace("lockgate_runtime:", "lockgate_runtime:0");
    let error = Store::connect(&wrong, 1).await.unwrap_err().to_string();
    assert!(error.starts_with("connect to the database:") && error.contains("correct the login"), "{error}");
    let closed = Store::connect("postgres://u:secret@127.0.0.1:1/x", 1).await.unwrap_err().to_string();
    assert!(closed.contains("lockgate doctor") && !closed.contains("secret"), "{closed}");
    assert!(!format!("{:?}", database.urls).contains("127.0.0.1"));
}
