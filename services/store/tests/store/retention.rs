//! Retention: what is old goes, what is young cannot be made to, and what is kept for ever has no way out.

use crate::support::{Database, change, decidable, evidence_of, question, sha};
use chrono::{Duration, Utc};
use lockgate_model::Observation;
use lockgate_store::{
    decisions, evaluations, evidence,
    retention::{self, Removed, Rule},
};
use sqlx::{AssertSqlSafe, Executor};

async fn count(database: &Database, what: &str) -> i64 {
    let sql = format!("select count(*) from {what}");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut database.owner().await).await.expect("the database answers")
}

async fn owner_does(database: &Database, sql: &str) {
    database.owner().await.execute(AssertSqlSafe(sql.to_owned())).await.expect("the database answers");
}

async fn refusal(database: &Database, sql: &str) -> String {
    let done = database.store.pool().execute(AssertSqlSafe(sql.to_owned())).await;
    let error = done.expect_err(sql);
    error.as_database_error().and_then(|e| e.code()).expect("a database error has a code").into_owned()
}

/// Ten rows of each kind, of which the first five are older than every rule.
async fn filled() -> Database {
    let database = Database::new().await;
    owner_does(
        &database,
        r#"insert into deliveries (id, event, payload, received_at, handled_at)
               select 'd' || n, 'push', '{"pusher": {"email": "jane@example.org"}}',
                      now() - make_interval(days => case when n <= 5 then 500 else 0 end),
                      now() - make_interval(days => case when n <= 5 then 499 else 0 end) from generate_series(1, 10) n;
           insert into jobs (kind, payload, max_attempts, state, finished_at)
               select 'x', '{}', 1, 'done', now() - make_interval(days => case when n <= 5 then 500 else 0 end)
               from generate_series(1, 10) n;
           insert into sessions (hash, subject, name, expires_at)
               select sha256(n::text::bytea), 's', 'n', now() - make_interval(days => case when n <= 5 then 500 else 0 end)
               from generate_series(1, 10) n;
           insert into access_log (at, principal, roles, action, outcome)
               select now() - make_interval(days => case when n <= 5 then 500 else 0 end), 'token:a', 'viewer', 'GET /', 200
               from generate_series(1, 10) n;
           insert into models (digest, onnx, card, added_by) values (encode(sha256('a'), 'hex'), 'a', '{}', 'cli:uid-1');
           insert into model_scores (digest, place, purl, ecosystem, mode, threshold, chunks, facts, micros, scored_at)
               select encode(sha256('a'), 'hex'), 'active', 'pkg:npm/a@1', 'npm', 'new', 0, 0, 0, 0,
                      now() - make_interval(days => case when n <= 5 then 500 else 0 end) from generate_series(1, 10) n;"#,
    )
    .await;
    for n in 0..10 {
        let age = Duration::days(if n < 5 { 500 } else { 0 });
        let finding = evidence_of(&format!("collector{n}"), Observation::Absent, Utc::now() - age);
        let mut connection = database.store.pool().acquire().await.expect("the database answers");
        evidence::insert_all(&mut connection, &[finding]).await.expect("the database answers");
    }
    database
}

async fn sweep(database: &Database, rule: Rule) -> i64 {
    let mut all = 0;
    loop {
        let Removed { rows, more } =
            retention::apply(database.store.pool(), rule, 2).await.expect("the database answers");
        assert!(rows <= 2, "{rule:?} removed {rows} rows in a batch of 2");
        all += rows;
        if !more {
            return all;
        }
    }
}

#[tokio::test]
async fn each_rule_removes_what_is_old_in_batches_and_nothing_else() {
    let database = filled().await;
    for (rule, left) in [
        (Rule::Payloads, "deliveries where payload::text <> 'null'"),
        (Rule::Deliveries, "deliveries"),
        (Rule::Jobs, "jobs"),
        (Rule::Sessions, "sessions"),
        (Rule::AccessLog, "access_log"),
        (Rule::UnusedEvidence, "evidence"),
        (Rule::ModelScores, "model_scores"),
    ] {
        assert_eq!(count(&database, left).await, 10, "{rule:?}");
        assert_eq!(sweep(&database, rule).await, 5, "{rule:?}");
        assert_eq!(count(&database, left).await, 5, "{rule:?}");
        assert_eq!(sweep(&database, rule).await, 0, "{rule:?} is done");
        if rule == Rule::Payloads {
            assert_eq!(count(&database, "deliveries where payload_removed_at is not null").await, 5);
            assert_eq!(count(&database, "deliveries where payload::text like '%jane%'").await, 5, "the young ones");
        }
    }
    let schedule = retention::schedule(database.store.pool()).await.unwrap();
    assert_eq!(schedule.len(), Rule::ALL.len());
    for standing in schedule {
        assert_eq!(standing.removed, 5, "{}", standing.rule);
        assert!(standing.last_ran_at.is_some());
    }
    let runs = retention::runs(database.store.pool(), 100).await.unwrap();
    assert_eq!(runs.len(), 21, "three batches each");
    assert!(runs.iter().all(|run| run.before < Utc::now() && run.removed > 0));
}

#[tokio::test]
async fn no_rule_goes_below_its_floor_and_the_run_time_role_has_no_other_way() {
    let database = filled().await;
    assert!(
        retention::set(database.store.pool(), Rule::AccessLog, 89)
            .await
            .unwrap_err()
            .to_string()
            .contains("at least 90")
    );
    assert!(retention::set(database.store.pool(), Rule::Deliveries, 0).await.is_err());
    retention::set(database.store.pool(), Rule::AccessLog, 90).await.unwrap();
    retention::set(database.store.pool(), Rule::AccessLog, 90).await.unwrap();
    let mut changes = retention::changes(database.store.pool(), 10).await.unwrap();
    changes.retain(|change| change.rule == "access_log");
    assert_eq!(
        changes.iter().map(|c| (c.rule.as_str(), c.days_before, c.days)).collect::<Vec<_>>(),
        [("access_log", 400, 90)]
    );

    for table in [
        "deliveries",
        "access_log",
        "evidence",
        "retention_runs",
        "retention_changes",
        "retention_rules",
        "decisions",
        "first_seen",
        "models",
        "model_moves",
        "model_scores",
    ] {
        let sql = format!("delete from {table}");
        assert_eq!(refusal(&database, &sql).await, "42501", "{sql}");
        // The setting that the function uses opens nothing to who lacks the privilege.
        let sql = format!("set lockgate.retention = '{table}'; delete from {table}");
        assert_eq!(refusal(&database, &sql).await, "42501", "{sql}");
    }
    for sql in [
        "update access_log set principal = 'nobody'",
        "update retention_rules set days = 1",
        "update retention_rules set at_least_days = 1",
        "insert into retention_runs (rule, days, before, removed) values ('jobs', 1, now(), 1)",
        "truncate access_log",
        "update deliveries set payload = 'null'",
    ] {
        assert_eq!(refusal(&database, sql).await, "42501", "{sql}");
    }
    for sql in [
        "select apply_retention('decisions', 10)",
        "select apply_retention('access_log', 0)",
        "select set_retention('decisions', 400)",
    ] {
        assert_eq!(refusal(&database, sql).await, "22023", "{sql}");
    }
}

#[tokio::test]
async fn even_the_owner_does_not_remove_by_mistake() {
    let database = filled().await;
    for sql in [
        "delete from access_log",
        "delete from model_scores",
        "delete from evidence",
        "update access_log set outcome = 0",
        "delete from retention_runs",
    ] {
        let error = database.owner().await.execute(AssertSqlSafe(sql.to_owned())).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "23001", "{sql}");
    }
}

#[tokio::test]
async fn evidence_of_a_decision_stays_even_when_its_links_are_attacked() {
    let database = Database::new().await;
    let new = decidable(&database.store, 1).await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    decisions::append(&mut connection, &new).await.unwrap();
    drop(connection);
    owner_does(
        &database,
        "alter table evidence disable trigger evidence_append_only; update evidence set collected_at = now() - interval '900 days';
         alter table evidence enable trigger evidence_append_only; update evaluations set updated_at = now() - interval '900 days'",
    )
    .await;
    database.store.pool().execute("delete from evaluation_evidence").await.unwrap();
    assert_eq!(count(&database, "evaluation_evidence").await, 1);
    assert_eq!(sweep(&database, Rule::UnusedEvidence).await, 0);
    assert_eq!(count(&database, "evidence").await, 1);
}

#[tokio::test]
async fn a_question_that_was_dropped_lets_go_of_its_evidence_and_one_at_work_does_not() {
    let database = Database::new().await;
    for (pull, digit, state) in [(1, '7', "stopped"), (2, '8', "collecting")] {
        let mut transaction = database.store.begin().await.unwrap();
        let opened = evaluations::open(&mut transaction, &question(Some(pull), sha(digit))).await.unwrap();
        let evaluation = opened.evaluation;
        let finding = evidence_of(&format!("c{digit}"), Observation::Absent, Utc::now() - Duration::days(500));
        evidence::insert_all(&mut transaction, std::slice::from_ref(&finding)).await.unwrap();
        let key = change(sha(digit)).releases().next().unwrap().key();
        evidence::link(&mut transaction, evaluation.id, &[(key, finding.id())]).await.unwrap();
        transaction.commit().await.unwrap();
        let sql = format!(
            "update evaluations set state = '{state}', updated_at = now() - interval '500 days' where id = '{}'",
            evaluation.id
        );
        owner_does(&database, &sql).await;
    }
    assert_eq!(sweep(&database, Rule::UnusedEvidence).await, 1);
    assert_eq!(count(&database, "evidence where collector = 'c8'").await, 1);
    assert_eq!(count(&database, "evaluation_evidence").await, 1);
}
