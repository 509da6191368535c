//! A database per test, on the cluster that all test processes share.

use lockgate_postgres::Cluster;
use lockgate_store::provision::{self, Urls};

/// A migrated database that is removed at the end; one that a failed test leaves behind goes after an hour.
#[derive(Debug)]
pub struct TestDatabase {
    admin: String,
    urls: Urls,
}

impl TestDatabase {
    pub async fn create() -> Self {
        let cluster = tokio::task::spawn_blocking(Cluster::shared_for_tests)
            .await
            .expect("starting the cluster does not panic")
            .expect("a PostgreSQL server can be provided");
        let admin = cluster.admin_url();
        let urls = provision::scratch(&admin, &cluster.runtime_password()).await.expect("a database can be created");
        Self { admin, urls }
    }

    pub fn runtime_url(&self) -> &str {
        &self.urls.runtime
    }

    /// Runs statements as the owner: for what a test must change behind the server's back.
    pub async fn execute(&self, sql: &str) {
        let (database, sql) = (self.urls.database.clone(), sql.to_owned());
        let done = tokio::task::spawn_blocking(move || Cluster::shared_for_tests()?.execute(&database, &sql));
        done.await.expect("waiting does not panic").expect("the owner may do this");
    }

    pub async fn remove(self) {
        provision::drop_database(&self.admin, &self.urls.database).await.expect("the database can be removed");
    }
}
