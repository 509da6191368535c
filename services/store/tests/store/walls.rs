//! The second wall, at the level of SQL: what a reader's transaction shows of other installations' rows. Nothing.

use crate::support::{Database, REPOSITORY_ID, decidable};
use lockgate_store::{
    access::Scope,
    decisions, evaluations, evidence,
    waivers::{self, Answer, Answered, NewWaiver, Requested},
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use uuid::Uuid;

/// Tables that a reader may ask, each with what tells its rows apart.
const TABLES: [&str; 9] = [
    "installations",
    "repositories",
    "check_runs",
    "evaluations",
    "evaluation_evidence",
    "evidence",
    "decisions",
    "assessments",
    "waivers",
];

fn only(id: i64) -> Scope {
    Scope::Installations([id].into())
}

/// Rows of installations 42 and 43 in every table, and one decision that belongs to nobody. Answers the decisions' ids.
async fn two_installations(database: &Database) -> [Uuid; 2] {
    let mut owner = database.owner().await;
    owner
        .execute("insert into installations (id, account) values (42, 'one'), (43, 'two')")
        .await
        .expect("the database answers");
    owner
        .execute(
            "insert into repositories (id, full_name, clone_url, installation_id)
             values (7, 'other-org/secret', 'https://git.example.test/other-org/secret.git', 43)",
        )
        .await
        .expect("the database answers");
    owner
        .execute(
            "insert into check_runs (id, repository_id, installation_id, head_sha, deadline_at)
             select gen_random_uuid(), id, installation_id, '1', now() from repositories",
        )
        .await
        .expect("the database answers");
    let mut ids = [Uuid::nil(); 2];
    for (place, (number, installation)) in [(1, Some(42)), (2, Some(43)), (3, None)].into_iter().enumerate() {
        let new = decidable(&database.store, number).await;
        sqlx::query("update evaluations set installation_id = $1 where id = $2")
            .bind(installation)
            .bind(new.evaluation_id)
            .execute(&mut owner)
            .await
            .expect("the database answers");
        let mut connection = database.store.pool().acquire().await.expect("the database answers");
        let record = decisions::append(&mut connection, &new).await.expect("the database answers");
        if let Some(id) = ids.get_mut(place) {
            *id = record.id;
        }
    }
    for (installation_id, repository_id) in [(42, REPOSITORY_ID), (43, 7)] {
        request(database, installation_id, repository_id).await;
    }
    ids
}

async fn request(database: &Database, installation_id: i64, repository_id: i64) -> Uuid {
    let new = NewWaiver {
        installation_id,
        repository_id,
        repository: "octo-org/hello",
        purl: "pkg:npm/left-pad@1.3.0",
        code: "license-denied",
        reason: "replaced next week",
        requested_by: "github:octo-reader",
    };
    let mut connection = database.store.pool().acquire().await.expect("the database answers");
    match waivers::request(&mut connection, &new).await.expect("the database answers") {
        Requested::New(id) | Requested::Open(id) => id,
    }
}

async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let sql = format!("select count(*) from {table}");
    connection.fetch_one(AssertSqlSafe(sql)).await.unwrap_or_else(|e| panic!("{table}: {e}")).get(0)
}

#[tokio::test]
async fn a_reader_sees_the_rows_of_its_installations_and_no_others() {
    let database = Database::new().await;
    let [mine, theirs] = two_installations(&database).await;
    for (installation, own, other) in [(42, mine, theirs), (43, theirs, mine)] {
        let mut reading = database.store.reading(&only(installation)).await.unwrap();
        for table in TABLES {
            assert_eq!(count(&mut reading, table).await, 1, "{table} for {installation}");
        }
        assert!(decisions::get(&mut *reading, own).await.unwrap().is_some());
        assert!(decisions::get(&mut *reading, other).await.unwrap().is_none());
        assert!(decisions::assessment(&mut *reading, other).await.unwrap().is_none());
    }
    let mut both = database.store.reading(&only(42).and(only(43))).await.unwrap();
    assert_eq!(count(&mut both, "decisions").await, 2);
    let mut all = database.store.reading(&Scope::EveryInstallation).await.unwrap();
    // The third belongs to nobody: made where there is no installation.
    assert_eq!((count(&mut all, "decisions").await, count(&mut all, "evidence").await), (3, 3));
}

#[tokio::test]
async fn evidence_is_seen_by_whoever_asked_a_question_that_rests_on_it() {
    let database = Database::new().await;
    let [_, theirs] = two_installations(&database).await;
    let record = decisions::get(database.store.pool(), theirs).await.unwrap().unwrap();
    let mut mine = database.store.reading(&only(42)).await.unwrap();
    assert!(evidence::by_ids(&mut *mine, &record.evidence).await.unwrap().is_empty());
    let mut own = database.store.reading(&only(43)).await.unwrap();
    assert_eq!(evidence::by_ids(&mut *own, &record.evidence).await.unwrap().len(), 1);
}

#[tokio::test]
async fn without_a_setting_or_with_a_wrong_one_there_is_nothing() {
    let database = Database::new().await;
    two_installations(&database).await;
    let mut connection = PgConnection::connect(&database.urls.runtime).await.unwrap();
    connection.execute("set role lockgate_reader").await.unwrap();
    for setting in [
        "reset lockgate.installations",
        "set lockgate.installations = ''",
        "set lockgate.installations = '{}'",
        "set lockgate.installations = '{44}'",
        "set lockgate.installations = '{NULL}'",
    ] {
        connection.execute(setting).await.unwrap();
        for table in TABLES {
            assert_eq!(count(&mut connection, table).await, 0, "{table} after {setting}");
        }
    }
    for setting in [
        "set lockgate.installations = 'ALL'",
        "set lockgate.installations = '42'",
        "set lockgate.installations = '{42} or true'",
    ] {
        connection.execute(setting).await.unwrap();
        let refused = connection.execute("select id from decisions").await.unwrap_err();
        let code = refused.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
        assert_eq!(code, "22P02", "invalid_text_representation after {setting}");
    }
}

#[tokio::test]
async fn a_reader_asks_no_other_table_and_changes_nothing() {
    let database = Database::new().await;
    two_installations(&database).await;
    let mut connection = PgConnection::connect(&database.urls.runtime).await.unwrap();
    connection.execute("set role lockgate_reader; set lockgate.installations = 'all'").await.unwrap();
    for sql in [
        "select * from deliveries",
        "select * from jobs",
        "select * from tokens",
        "select * from sessions",
        "select * from first_seen",
        "select onnx from models",
        "select purl from model_scores",
        "select failure from model_scores",
        "insert into model_places select * from model_places",
        "delete from model_places",
        "insert into decisions select * from decisions",
        "update evaluations set superseded = true",
        "delete from waivers",
        "update waivers set purl = 'pkg:npm/x@1'",
        "insert into waivers select * from waivers",
    ] {
        let refused = connection.execute(sql).await.err();
        let code = refused.as_ref().and_then(|e| e.as_database_error()).and_then(|e| e.code()).unwrap_or_default();
        assert_eq!(code, "42501", "{sql}");
    }
    // What it may change elsewhere, a reading transaction may not.
    let mut reading = database.store.reading(&Scope::EveryInstallation).await.unwrap();
    let refused = reading.execute("update waivers set decided_reason = 'x'").await.unwrap_err();
    assert_eq!(refused.as_database_error().and_then(|e| e.code()).unwrap_or_default(), "25006", "read only");
}

#[tokio::test]
async fn the_role_ends_with_the_transaction() {
    let database = Database::new().await;
    two_installations(&database).await;
    // One connection, so that the same one comes back.
    let store = lockgate_store::Store::connect(&database.urls.runtime, 1).await.unwrap();
    drop(store.reading(&only(42)).await.unwrap());
    let mut connection = store.pool().acquire().await.unwrap();
    assert_eq!(count(&mut connection, "decisions").await, 3);
    assert_eq!(count(&mut connection, "jobs").await, 0);
}

/// What a reader may ask without a policy, because it holds no installation's rows: what is kept for how long, and how
/// models do.
const FOR_EVERY_READER: &str = "('retention_changes', 'retention_rules', 'retention_runs', 'models', 'model_places',
    'model_moves', 'model_scores', 'model_drift')";

/// Who adds a table that holds an installation's rows must say who sees them.
#[tokio::test]
async fn every_table_with_an_installation_has_its_policies() {
    let database = Database::new().await;
    let mut owner = database.owner().await;
    let open = format!("select c.relname::text from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not in {FOR_EVERY_READER}
          and (c.relname = 'installations'
               or exists (select from pg_attribute a where a.attrelid = c.oid and not a.attisdropped
                          and a.attname in ('installation_id', 'repository_id', 'evaluation_id', 'decision_id'))
               or has_table_privilege('lockgate_reader', c.oid, 'select')
               or has_any_column_privilege('lockgate_reader', c.oid, 'select'))
          and not (c.relrowsecurity
                   and exists (select from pg_policies p where p.tablename = c.relname and 'lockgate_reader' = any (p.roles))
                   and exists (select from pg_policies p where p.tablename = c.relname and 'lockgate_runtime' = any (p.roles)))
        order by 1");
    let found: Vec<String> =
        owner.fetch_all(AssertSqlSafe(open.clone())).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(found.is_empty(), "no policy says who reads {found:?}; add policies as migrations/0011_walls.sql does");
    owner.execute("create table forgotten (installation_id bigint)").await.unwrap();
    assert_eq!(
        owner.fetch_all(AssertSqlSafe(open)).await.unwrap().len(),
        1,
        "the test sees a table that was forgotten"
    );
}

#[tokio::test]
async fn workers_see_and_write_every_row() {
    let database = Database::new().await;
    two_installations(&database).await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    for (table, rows) in [("decisions", 3), ("evaluations", 3), ("repositories", 2), ("waivers", 2)] {
        assert_eq!(count(&mut connection, table).await, rows, "{table}");
    }
    assert_eq!(evaluations::list(&mut *connection, None, None, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn another_installations_request_is_answered_by_nobody() {
    let database = Database::new().await;
    two_installations(&database).await;
    let (mine, theirs) = (request(&database, 42, REPOSITORY_ID).await, request(&database, 43, 7).await);
    let now = chrono::Utc::now();
    let mut answering = database.store.answering(&only(42)).await.unwrap();
    let answered = waivers::answer(&mut answering, theirs, Answer::Refuse, "person:a", "no", now).await.unwrap();
    assert_eq!(answered, Answered::NotFound);
    // Behind the function's back.
    let touched = answering
        .execute("update waivers set state = 'refused', decided_by = 'x', decided_at = now(), decided_reason = 'x'")
        .await;
    assert_eq!(touched.unwrap().rows_affected(), 1, "its own request alone");
    answering.rollback().await.unwrap();
    let mut answering = database.store.answering(&only(42)).await.unwrap();
    let answered = waivers::answer(&mut answering, mine, Answer::Refuse, "person:a", "no", now).await.unwrap();
    assert_eq!(answered, Answered::Done);
    answering.commit().await.unwrap();
}
