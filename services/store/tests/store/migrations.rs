//! Every migration in sequence, each upon the sample data of those before it: what works on an empty
//! database may fail on one that is in use.

use lockgate_postgres::Cluster;
use lockgate_store::{MIGRATIONS, Store, provision};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{fs, path::PathBuf};

fn sample(version: i64) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../migrations/samples");
    let found = fs::read_dir(folder).expect("the samples").flatten().find(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.split('_').next().and_then(|number| number.parse::<i64>().ok()) == Some(version)
    });
    let path = found.unwrap_or_else(|| panic!("migration {version} has sample data beside it")).path();
    fs::read_to_string(path).expect("a sample")
}

#[tokio::test]
async fn every_migration_applies_to_a_database_in_use() {
    let cluster = tokio::task::spawn_blocking(Cluster::shared_for_tests).await.unwrap().unwrap();
    let name = format!("scratch_{}_{}", chrono::Utc::now().timestamp(), uuid::Uuid::new_v4().simple());
    let urls = provision::database(&cluster.admin_url(), &name, &cluster.runtime_password()).await.unwrap();
    let mut owner = PgConnection::connect(&urls.owner).await.unwrap();
    for migration in MIGRATIONS.iter() {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut owner).await.unwrap();
        let sample = sample(migration.version);
        sqlx::raw_sql(AssertSqlSafe(sample))
            .execute(&mut owner)
            .await
            .unwrap_or_else(|error| panic!("sample {}: {error}", migration.version));
    }
    provision::drop_database(&cluster.admin_url(), &name).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn several_servers_may_migrate_at_once_and_again() {
    let database = crate::support::Database::new().await;
    let migrating = (0..4).map(|_| lockgate_store::migrate(&database.urls.owner));
    futures::future::try_join_all(migrating).await.unwrap();
    Store::connect(&database.urls.runtime, 1).await.unwrap().ping().await.unwrap();
    let error = lockgate_store::migrate(&database.urls.runtime).await.unwrap_err().to_string();
    assert!(error.contains("permission denied") || error.contains("privilege"), "{error}");
}
