//! The life of a model: kept by digest, moved from place to place with a trace, and given back its place once.

use crate::support::Database;
use chrono::{Duration, NaiveDate, Utc};
use lockgate_model::Digest;
use lockgate_store::{
    Result, StoreError,
    models::{self, Drift, Move, NewScore, Place, RolledBack, Score},
};
use sqlx::{AssertSqlSafe, Connection, Executor};

const CANARY: Place = Place::Canary { share: 5 };

/// Keeps a model of these bytes.
async fn kept(database: &Database, bytes: &str) -> String {
    let digest = Digest::sha256(bytes.as_bytes()).hex().to_owned();
    let card = serde_json::json!({ "dataset": bytes });
    let added = models::add(database.store.pool(), &digest, bytes.as_bytes(), &card, "cli:uid-1").await;
    assert!(added.expect("the database answers"), "{bytes} is new");
    digest
}

async fn put(database: &Database, digest: &str, place: Place) -> Result<()> {
    let mut transaction = database.store.begin().await?;
    models::put(&mut transaction, digest, place, "cli:uid-1", "a try").await?;
    Ok(transaction.commit().await?)
}

async fn withdraw(database: &Database, digest: &str) -> Result<bool> {
    let mut transaction = database.store.begin().await?;
    let stood = models::withdraw(&mut transaction, digest, "cli:uid-1", "enough seen").await?;
    transaction.commit().await?;
    Ok(stood)
}

async fn roll_back(database: &Database, only_if: Option<&str>) -> Option<RolledBack> {
    let mut transaction = database.store.begin().await.expect("a transaction");
    let done = models::roll_back(&mut transaction, only_if, "server", "it failed").await.expect("the database answers");
    transaction.commit().await.expect("the database answers");
    done
}

async fn standing(database: &Database) -> Vec<(String, Place)> {
    models::placed(database.store.pool()).await.expect("the database answers")
}

fn at(digest: &str, place: Place) -> (String, Place) {
    (digest.to_owned(), place)
}

#[tokio::test]
async fn a_model_is_kept_once_by_what_it_is() {
    let database = Database::new().await;
    let pool = database.store.pool();
    let digest = kept(&database, "one").await;
    let card = serde_json::json!({ "dataset": "other" });
    assert!(!models::add(pool, &digest, b"one", &card, "cli:uid-2").await.unwrap(), "it was there");
    let lie = models::add(pool, &digest.replace(&digest[..1], "z"), b"one", &card, "cli:uid-2").await;
    assert_eq!(lie.unwrap_err().sql_state().as_deref(), Some("23514"), "a digest of other bytes");
    let other = Digest::sha256(b"other").hex().to_owned();
    assert!(models::add(pool, &other, b"one", &card, "cli:uid-2").await.is_err());
    assert!(models::add(pool, &Digest::sha256(b"").hex().to_owned(), b"", &card, "cli:uid-2").await.is_err());

    let all = models::list(pool).await.unwrap();
    let [model] = &all[..] else { panic!("{all:?}") };
    assert_eq!((model.added_by.as_str(), &model.card["dataset"]), ("cli:uid-1", &"one".into()));
    assert_eq!((model.place, model.since), (None, None));
    assert_eq!(models::onnx(pool, &digest).await.unwrap().as_deref(), Some(&b"one"[..]));
    assert_eq!(models::onnx(pool, &other).await.unwrap(), None);
}

#[tokio::test]
async fn one_is_active_one_a_canary_and_any_number_are_shadows() {
    let database = Database::new().await;
    let (a, b, c) = (kept(&database, "a").await, kept(&database, "b").await, kept(&database, "c").await);
    put(&database, &a, Place::Active).await.unwrap();
    put(&database, &b, CANARY).await.unwrap();
    put(&database, &c, Place::Shadow).await.unwrap();
    assert_eq!(standing(&database).await, [at(&a, Place::Active), at(&b, CANARY), at(&c, Place::Shadow)]);
    // The canary's place is for one alone; another share is another place.
    put(&database, &c, CANARY).await.unwrap();
    put(&database, &b, Place::Shadow).await.unwrap();
    put(&database, &c, Place::Canary { share: 50 }).await.unwrap();
    assert_eq!(
        standing(&database).await,
        [at(&a, Place::Active), at(&c, Place::Canary { share: 50 }), at(&b, Place::Shadow)]
    );
    put(&database, &c, Place::Active).await.unwrap();
    assert_eq!(standing(&database).await, [at(&c, Place::Active), at(&b, Place::Shadow)]);
    let listed = models::list(database.store.pool()).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|model| (model.digest.as_str(), model.place)).collect();
    assert_eq!(listed, [(&*c, Some(Place::Active)), (&b, Some(Place::Shadow)), (&a, None)]);
    assert!(withdraw(&database, &b).await.unwrap());
    assert!(!withdraw(&database, &b).await.unwrap(), "it stands nowhere any more");
}

#[tokio::test]
async fn every_move_is_noted_once_with_who_and_why() {
    let database = Database::new().await;
    let (a, b) = (kept(&database, "a").await, kept(&database, "b").await);
    for (digest, place) in [(&a, Place::Active), (&a, Place::Active), (&b, CANARY), (&b, Place::Active)] {
        put(&database, digest, place).await.unwrap();
    }
    put(&database, &a, Place::Shadow).await.unwrap();
    assert!(withdraw(&database, &a).await.unwrap());
    let moves = models::moves(database.store.pool(), 10).await.unwrap();
    let told: Vec<_> = moves.iter().map(|m| (m.digest.as_str(), m.place, m.replaced.as_deref())).collect();
    assert_eq!(
        told,
        [
            (&*a, None, None),
            (&a, Some(Place::Shadow), None),
            (&b, Some(Place::Active), Some(&*a)),
            (&b, Some(CANARY), None),
            (&a, Some(Place::Active), None),
        ]
    );
    let Move { moved_by, reason, rolled_back, .. } = &moves[0];
    assert_eq!((moved_by.as_str(), reason.as_str(), *rolled_back), ("cli:uid-1", "enough seen", false));
    assert_eq!(models::moves(database.store.pool(), 2).await.unwrap(), moves[..2]);
}

#[tokio::test]
async fn a_move_that_would_leave_no_active_model_is_refused() {
    let database = Database::new().await;
    let a = kept(&database, "a").await;
    let why = |done: Result<()>| match done {
        Err(StoreError::Refused { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    assert!(why(put(&database, &a, CANARY).await).contains("no model is active"));
    assert!(why(put(&database, &"0".repeat(64), Place::Active).await).contains("model add"));
    put(&database, &a, Place::Active).await.unwrap();
    assert!(why(put(&database, &a, CANARY).await).contains("roll back"));
    assert!(why(put(&database, &a, Place::Shadow).await).contains("roll back"));
    assert!(why(withdraw(&database, &a).await.map(|_| ())).contains("roll back"));
    let share = put(&database, &kept(&database, "b").await, Place::Canary { share: 100 }).await;
    assert_eq!(share.unwrap_err().sql_state().as_deref(), Some("23514"));
    assert_eq!(standing(&database).await, [at(&a, Place::Active)]);
}

#[tokio::test]
async fn a_failing_canary_gives_its_share_back_and_a_failing_model_its_place() {
    let database = Database::new().await;
    let (a, b, c) = (kept(&database, "a").await, kept(&database, "b").await, kept(&database, "c").await);
    put(&database, &a, Place::Active).await.unwrap();
    assert_eq!(roll_back(&database, None).await, None, "nothing was active before");
    put(&database, &b, Place::Active).await.unwrap();
    put(&database, &c, CANARY).await.unwrap();
    put(&database, &a, Place::Shadow).await.unwrap();

    let canary = RolledBack { from: c.clone(), to: Some(b.clone()) };
    assert_eq!(roll_back(&database, Some(&a)).await, None, "a shadow decides nothing");
    assert_eq!(roll_back(&database, Some(&c)).await, Some(canary));
    assert_eq!(standing(&database).await, [at(&b, Place::Active), at(&a, Place::Shadow)]);
    // Another server saw the same fault.
    assert_eq!(roll_back(&database, Some(&c)).await, None);

    let active = RolledBack { from: b.clone(), to: Some(a.clone()) };
    assert_eq!(roll_back(&database, None).await, Some(active));
    assert_eq!(standing(&database).await, [at(&a, Place::Active)]);
    let moves = models::moves(database.store.pool(), 2).await.unwrap();
    let told = |m: &Move| (m.digest.clone(), m.replaced.clone(), m.rolled_back);
    assert_eq!(told(&moves[0]), (a.clone(), Some(b.clone()), true));
    assert_eq!(told(&moves[1]), (c.clone(), None, true));
    assert_eq!(roll_back(&database, None).await, None, "b failed, and does not come back");
}

#[tokio::test]
async fn a_fault_of_the_active_model_is_not_blamed_on_the_canary() {
    let database = Database::new().await;
    let (a, b, c) = (kept(&database, "a").await, kept(&database, "b").await, kept(&database, "c").await);
    put(&database, &a, Place::Active).await.unwrap();
    put(&database, &b, Place::Active).await.unwrap();
    put(&database, &c, CANARY).await.unwrap();
    let done = roll_back(&database, Some(&b)).await;
    assert_eq!(done, Some(RolledBack { from: b, to: Some(a.clone()) }));
    assert_eq!(standing(&database).await, [at(&a, Place::Active), at(&c, CANARY)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_that_see_the_same_fault_go_back_once() {
    let database = Database::new().await;
    let models = [kept(&database, "a").await, kept(&database, "b").await, kept(&database, "c").await];
    for model in &models {
        put(&database, model, Place::Active).await.unwrap();
    }
    let both = futures::future::join_all((0..4).map(|_| roll_back(&database, Some(&models[2])))).await;
    assert_eq!(both.iter().flatten().count(), 1, "{both:?}");
    assert_eq!(standing(&database).await, [at(&models[1], Place::Active)]);
    // People who promote at once do not trip over each other either.
    let [a, b, c] = &models;
    let moving = [a, b, c].map(|model| put(&database, model, Place::Active));
    futures::future::try_join_all(moving).await.unwrap();
    assert_eq!(standing(&database).await.len(), 1);
}

fn score(digest: &str, score: Option<f64>, micros: i64, failure: Option<&str>) -> NewScore {
    NewScore {
        digest: digest.to_owned(),
        place: "active",
        purl: "pkg:npm/left-pad@1.3.0".to_owned(),
        ecosystem: "npm".to_owned(),
        mode: "update".to_owned(),
        score,
        probability: score.map(|_| 0.5),
        threshold: 2.0,
        chunks: 3,
        facts: 0b1000_0001,
        micros,
        failure: failure.map(str::to_owned),
    }
}

#[tokio::test]
async fn scores_are_noted_together_and_counted() {
    let database = Database::new().await;
    let pool = database.store.pool();
    let (a, b) = (kept(&database, "a").await, kept(&database, "b").await);
    let (since, later) = (Utc::now() - Duration::hours(1), Utc::now() + Duration::hours(1));
    let none = models::window(pool, &a, since).await.unwrap();
    assert_eq!((none.rows, none.failures, none.flagged, none.p95_micros), (0, 0, 0, None));
    let mut all: Vec<NewScore> =
        (1..=20).map(|n| score(&a, Some(f64::from(n) / 8.0), i64::from(n) * 100, None)).collect();
    all.push(score(&a, None, 50, None));
    all.push(score(&a, None, 9_000_000, Some("it broke\0")));
    all.push(score(&b, Some(f64::INFINITY), 1, None));
    models::note(pool, &all).await.unwrap();
    let seen = models::window(pool, &a, since).await.unwrap();
    assert_eq!((seen.rows, seen.failures, seen.flagged), (22, 1, 5));
    assert_eq!(seen.p95_micros, Some(1900.0), "of 50, 100 ... 2000, without the failure");
    assert_eq!(models::window(pool, &a, later).await.unwrap().rows, 0);

    let read = models::scores(pool, &a, since, later).await.unwrap();
    assert_eq!(read.len(), 21, "without the failure");
    let expected = Score { ecosystem: "npm".into(), mode: "update".into(), score: None, chunks: 3, facts: 0b1000_0001 };
    assert_eq!(read.iter().filter(|score| score.score.is_none()).collect::<Vec<_>>(), [&expected]);
    assert!(models::scores(pool, &a, later, later).await.unwrap().is_empty());
    assert!(models::scores(pool, &a, since, since).await.unwrap().is_empty());
    // All of them, or none.
    let unknown = "0".repeat(64);
    assert!(models::note(pool, &[score(&a, None, 1, None), score(&unknown, None, 1, None)]).await.is_err());
    assert_eq!(models::window(pool, &a, since).await.unwrap().rows, 22);
    models::note(pool, &[]).await.unwrap();
}

#[tokio::test]
async fn a_days_figure_of_drift_gives_way_to_a_later_one() {
    let database = Database::new().await;
    let (pool, digest) = (database.store.pool(), kept(&database, "a").await);
    let day = |day| NaiveDate::from_ymd_opt(2026, 5, day).expect("a day");
    let figure = |of, input: &str, psi, rows| Drift {
        day: day(of),
        digest: digest.clone(),
        ecosystem: "npm".into(),
        mode: "update".into(),
        input: input.into(),
        psi,
        rows,
    };
    models::note_drift(pool, &[figure(1, "score", 0.1, 100), figure(2, "score", 0.2, 200)]).await.unwrap();
    models::note_drift(pool, &[figure(2, "score", 0.3, 300), figure(2, "facts", 0.0, 300)]).await.unwrap();
    let since = |day| models::drift(pool, &digest, day);
    assert_eq!(since(day(2)).await.unwrap(), [figure(2, "facts", 0.0, 300), figure(2, "score", 0.3, 300)]);
    assert_eq!(since(day(1)).await.unwrap().len(), 3);
    assert!(models::note_drift(pool, &[figure(3, "weather", 0.0, 1)]).await.is_err());
}

#[tokio::test]
async fn the_run_time_role_changes_no_model_and_no_trace() {
    let database = Database::new().await;
    let digest = kept(&database, "a").await;
    put(&database, &digest, Place::Active).await.unwrap();
    models::note(database.store.pool(), &[score(&digest, Some(1.0), 1, None)]).await.unwrap();
    let code = |done: sqlx::Result<sqlx::postgres::PgQueryResult>| {
        let error = done.expect_err("it is refused");
        error.as_database_error().and_then(|e| e.code()).expect("a code").into_owned()
    };
    let mut owner = database.owner().await;
    for table in ["models", "model_moves", "model_scores"] {
        for sql in [format!("delete from {table}"), format!("update {table} set digest = digest")] {
            assert_eq!(code(database.store.pool().execute(AssertSqlSafe(sql.clone())).await), "42501", "{sql}");
            assert_eq!(code(owner.execute(AssertSqlSafe(sql.clone())).await), "23001", "{sql}");
        }
    }
    owner.close().await.unwrap();
}

#[tokio::test]
async fn a_reader_sees_how_models_do() {
    use lockgate_store::access::Scope;
    let database = Database::new().await;
    let digest = kept(&database, "a").await;
    put(&database, &digest, Place::Active).await.unwrap();
    models::note(database.store.pool(), &[score(&digest, Some(2.0), 1, None), score(&digest, None, 1, Some("x"))])
        .await
        .unwrap();
    let since = Utc::now() - Duration::hours(1);
    let mut reading = database.store.reading(&Scope::nothing()).await.unwrap();
    assert_eq!(models::list(&mut *reading).await.unwrap().len(), 1);
    assert_eq!(models::moves(&mut *reading, 5).await.unwrap().len(), 1);
    let window = models::window(&mut *reading, &digest, since).await.unwrap();
    assert_eq!((window.rows, window.failures, window.flagged), (2, 1, 1));
    assert_eq!(models::scores(&mut *reading, &digest, since, Utc::now() + Duration::hours(1)).await.unwrap().len(), 1);
    assert!(models::drift(&mut *reading, &digest, since.date_naive()).await.unwrap().is_empty());
    assert!(models::onnx(&mut *reading, &digest).await.is_err(), "its bytes are no page's business");
}
