//! The queue: no job twice, none lost, and none completed by who does not hold it.

use crate::support::Database;
use lockgate_store::{
    Store,
    jobs::{self, Failed, Held, Job, Listener, NewJob, Wake},
};
use serde_json::json;
use std::{collections::HashSet, time::Duration};

const LEASE: Duration = Duration::from_secs(30);
/// Short enough to wait for.
const BRIEF: Duration = Duration::from_millis(120);

fn job(key: Option<&str>) -> NewJob {
    let key = key.map(str::to_owned);
    NewJob { kind: "detect".into(), key, payload: json!({"n": 1}), delay: Duration::ZERO, max_attempts: 2 }
}

async fn add(store: &Store, job: &NewJob) -> Option<i64> {
    jobs::enqueue(store.pool(), job).await.expect("enqueued")
}

async fn claim(store: &Store, worker: &str, lease: Duration) -> Option<Job> {
    jobs::claim(store.pool(), worker, &["detect"], lease).await.expect("claimed")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_job_is_claimed_twice_by_eight_workers() {
    let database = Database::new().await;
    let store = &database.store;
    for _ in 0..200 {
        add(store, &job(None)).await;
    }
    let workers = (0..8).map(|worker| {
        let store = store.clone();
        tokio::spawn(async move {
            let (name, mut claimed) = (format!("worker-{worker}"), Vec::new());
            while let Some(job) = claim(&store, &name, LEASE).await {
                claimed.push(job.id);
                assert_eq!(jobs::complete(store.pool(), job.id, &name).await.unwrap(), Held::Held);
            }
            claimed
        })
    });
    let claimed: Vec<i64> = futures::future::try_join_all(workers).await.unwrap().concat();
    assert_eq!(claimed.len(), 200);
    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), 200);
    assert_eq!(jobs::unfinished(store.pool()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_dead_workers_job_goes_to_another_and_the_dead_one_cannot_complete_it() {
    let database = Database::new().await;
    let store = &database.store;
    let id = add(store, &job(None)).await.unwrap();
    assert_eq!(claim(store, "dead", BRIEF).await.unwrap().attempt, 1);
    assert!(claim(store, "heir", LEASE).await.is_none(), "the lease still runs");
    tokio::time::sleep(BRIEF * 2).await;
    let inherited = claim(store, "heir", LEASE).await.unwrap();
    assert_eq!((inherited.id, inherited.attempt, inherited.is_spent()), (id, 2, false));
    assert_eq!(jobs::complete(store.pool(), id, "dead").await.unwrap(), Held::Lost);
    assert_eq!(jobs::extend(store.pool(), id, "dead", LEASE).await.unwrap(), Held::Lost);
    assert_eq!(jobs::fail(store.pool(), id, "dead", "x", None).await.unwrap(), Failed::Lost);
    assert_eq!(jobs::complete(store.pool(), id, "heir").await.unwrap(), Held::Held);
}

#[tokio::test]
async fn an_extended_lease_is_kept() {
    let database = Database::new().await;
    let store = &database.store;
    let id = add(store, &job(None)).await.unwrap();
    claim(store, "slow", BRIEF).await.unwrap();
    assert_eq!(jobs::extend(store.pool(), id, "slow", LEASE).await.unwrap(), Held::Held);
    tokio::time::sleep(BRIEF * 2).await;
    assert!(claim(store, "heir", LEASE).await.is_none());
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_handed_out_as_spent() {
    let database = Database::new().await;
    let store = &database.store;
    let id = add(store, &job(None)).await.unwrap();
    for _ in 0..2 {
        assert!(!claim(store, "dead", BRIEF).await.unwrap().is_spent());
        tokio::time::sleep(BRIEF * 2).await;
    }
    assert!(claim(store, "heir", LEASE).await.unwrap().is_spent());
    let failed = jobs::fail(store.pool(), id, "heir", "killed its workers \0", None).await.unwrap();
    assert_eq!(failed, Failed::GivenUp);
    assert_eq!(jobs::unfinished(store.pool()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_failed_job_waits_for_its_time() {
    let database = Database::new().await;
    let store = &database.store;
    let id = add(store, &job(None)).await.unwrap();
    claim(store, "a", LEASE).await.unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!(jobs::fail(store.pool(), id, "a", "registry answered 503", Some(hour)).await.unwrap(), Failed::Again);
    assert!(claim(store, "a", LEASE).await.is_none());
    let due = jobs::next_due(store.pool(), &["detect"]).await.unwrap().unwrap();
    assert!(due.abs_diff(hour) < Duration::from_secs(60));
    assert_eq!(jobs::counts(store.pool()).await.unwrap(), [("detect".to_owned(), 1)]);
    add(store, &NewJob { delay: hour, ..job(None) }).await.unwrap();
    assert!(claim(store, "a", LEASE).await.is_none());
}

#[tokio::test]
async fn what_waits_is_due_with_what_does_not() {
    let database = Database::new().await;
    let store = &database.store;
    let waiting = NewJob { delay: Duration::from_secs(3600), ..job(Some("k")) };
    let id = add(store, &waiting).await.unwrap();
    assert_eq!(add(store, &waiting).await, None);
    assert!(claim(store, "a", LEASE).await.is_none());
    assert_eq!(add(store, &job(Some("k"))).await, Some(id));
    claim(store, "a", LEASE).await.unwrap();
    // What failed waits its time out, whatever else arrives.
    assert_eq!(jobs::fail(store.pool(), id, "a", "503", Some(waiting.delay)).await.unwrap(), Failed::Again);
    assert_eq!(add(store, &job(Some("k"))).await, None);
    assert!(claim(store, "a", LEASE).await.is_none());
}

#[tokio::test]
async fn one_unfinished_job_a_key() {
    let database = Database::new().await;
    let store = &database.store;
    let first = add(store, &job(Some("one"))).await.unwrap();
    assert_eq!(add(store, &job(Some("one"))).await, None);
    assert!(add(store, &NewJob { kind: "decide".into(), ..job(Some("one")) }).await.is_some());
    claim(store, "a", LEASE).await.unwrap();
    assert_eq!(add(store, &job(Some("one"))).await, None, "it runs");
    assert_eq!(jobs::complete(store.pool(), first, "a").await.unwrap(), Held::Held);
    assert!(add(store, &job(Some("one"))).await.is_some());
}

#[tokio::test]
async fn a_committed_job_wakes_and_an_uncommitted_one_does_not() {
    let database = Database::new().await;
    let store = &database.store;
    let mut listener = Listener::connect(store).await.unwrap();
    let mut transaction = store.begin().await.unwrap();
    jobs::enqueue(&mut *transaction, &job(None)).await.unwrap();
    assert!(tokio::time::timeout(BRIEF, listener.wait()).await.is_err(), "not committed yet");
    transaction.commit().await.unwrap();
    let woken = tokio::time::timeout(Duration::from_secs(5), listener.wait()).await.unwrap().unwrap();
    assert_eq!(woken, Wake::Notified);
}

#[tokio::test]
async fn kinds_are_served_in_the_order_in_which_they_are_wanted() {
    let database = Database::new().await;
    let store = &database.store;
    let first = add(store, &job(None)).await.unwrap();
    let wanted = add(store, &NewJob { kind: "decide".into(), ..job(None) }).await.unwrap();
    let unwanted = add(store, &NewJob { kind: "publish".into(), ..job(None) }).await.unwrap();
    let claim =
        async |lease| jobs::claim(store.pool(), "a", &["decide", "detect"], lease).await.unwrap().map(|job| job.id);
    assert_eq!(claim(LEASE).await, Some(wanted));
    assert_eq!(claim(Duration::ZERO).await, Some(first));
    // The holder died; what is new has to wait.
    add(store, &NewJob { kind: "decide".into(), ..job(None) }).await.unwrap();
    assert_eq!(claim(LEASE).await, Some(first));
    assert_ne!(claim(LEASE).await, Some(unwanted));
    assert_eq!(claim(LEASE).await, None);
}

#[tokio::test]
async fn a_claim_reads_no_more_however_long_the_queue_is() {
    let database = Database::new().await;
    let mut transaction = database.store.begin().await.unwrap();
    // Nothing has counted the rows yet: that is how a wave finds the table.
    sqlx::query(
        "insert into jobs (kind, payload, max_attempts)
         select kind, '{}', 5 from unnest(array['publish', 'detect']) kind, generate_series(1, 5000)",
    )
    .execute(&mut *transaction)
    .await
    .unwrap();
    let read = async |transaction: &mut lockgate_store::Transaction<'_>| -> i64 {
        sqlx::query_scalar(
            "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relname = 'jobs'",
        )
        .fetch_one(&mut **transaction)
        .await
        .unwrap()
    };
    let before = read(&mut transaction).await;
    assert!(jobs::claim(&mut *transaction, "a", &["decide", "detect"], LEASE).await.unwrap().is_some());
    assert!(jobs::next_due(&mut *transaction, &["decide", "detect"]).await.unwrap().is_some());
    let after = read(&mut transaction).await;
    assert!(after - before < 20, "{} rows were read", after - before);
}

#[tokio::test]
async fn a_postponed_job_has_not_used_up_an_attempt() {
    let database = Database::new().await;
    let store = &database.store;
    let id = add(store, &job(None)).await.unwrap();
    for _ in 0..5 {
        assert_eq!(claim(store, "a", LEASE).await.unwrap().attempt, 1);
        assert_eq!(jobs::postpone(store.pool(), id, "b", "not its holder", Duration::ZERO).await.unwrap(), Held::Lost);
        assert_eq!(jobs::postpone(store.pool(), id, "a", "rate limit", Duration::ZERO).await.unwrap(), Held::Held);
    }
}
