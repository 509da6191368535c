//! Deliveries: accepted once, committed together with their job, kept as they came.

use crate::support::{Database, at};
use lockgate_model::DeliveryId;
use lockgate_store::{
    deliveries::{self, Accepted, Content, NewDelivery},
    jobs::{self, NewJob},
};
use serde_json::{Value, json};

fn id() -> DeliveryId {
    "72d3162e-cc78-11e3-81ab-4c9367dc0958".parse().expect("a delivery id")
}

fn delivery<'a>(id: &'a DeliveryId, content: &'a str) -> NewDelivery<'a> {
    NewDelivery {
        id,
        event: "pull_request",
        action: Some("opened"),
        installation_id: Some(42),
        repository: Some("octo-org/hello"),
        content,
    }
}

fn handle() -> NewJob {
    NewJob { kind: "handle".into(), key: None, payload: Value::Null, delay: std::time::Duration::ZERO, max_attempts: 3 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_new_once_however_many_arrive_together() {
    let database = Database::new().await;
    let arrivals = (0..8).map(|_| {
        let store = database.store.clone();
        tokio::spawn(async move {
            let id = id();
            // Twice in one statement, too.
            let both = [delivery(&id, "{}"), delivery(&id, "{}")];
            deliveries::accept(store.pool(), &both, &handle()).await.unwrap()
        })
    });
    let accepted = futures::future::try_join_all(arrivals).await.unwrap().concat();
    assert_eq!(accepted.iter().filter(|a| **a == Accepted::New).count(), 1, "{accepted:?}");
    assert_eq!(jobs::unfinished(database.store.pool()).await.unwrap(), 1);
}

#[tokio::test]
async fn an_uncommitted_delivery_leaves_neither_itself_nor_its_job() {
    let database = Database::new().await;
    let id = id();
    let mut transaction = database.store.begin().await.unwrap();
    deliveries::accept(&mut *transaction, &[delivery(&id, "{}")], &handle()).await.unwrap();
    drop(transaction);
    assert_eq!(jobs::unfinished(database.store.pool()).await.unwrap(), 0);
    assert!(deliveries::get(database.store.pool(), &id).await.unwrap().is_none());
    let accepted = deliveries::accept(database.store.pool(), &[delivery(&id, "{}")], &handle()).await.unwrap();
    assert_eq!(accepted, [Accepted::New]);
    let job = jobs::claim(database.store.pool(), "w", &["handle"], std::time::Duration::from_secs(9)).await.unwrap();
    assert_eq!(job.unwrap().payload, json!({"delivery": id.as_str()}));
}

#[tokio::test]
async fn what_is_no_json_leaves_none_of_its_batch() {
    let database = Database::new().await;
    let (id, other): (DeliveryId, DeliveryId) = (id(), "another-id".parse().unwrap());
    let batch = [delivery(&id, "{}"), delivery(&other, "{not JSON")];
    deliveries::accept(database.store.pool(), &batch, &handle()).await.unwrap_err();
    assert!(deliveries::get(database.store.pool(), &id).await.unwrap().is_none());
}

#[tokio::test]
async fn what_a_delivery_says_is_kept_to_the_letter() {
    let database = Database::new().await;
    // What jsonb would refuse or rewrite.
    let content = r#"{"title":"nul \u0000 \ud83d\ude80","n":1e16,"z":1,"a":2}"#;
    let id = id();
    deliveries::accept(database.store.pool(), &[delivery(&id, content)], &handle()).await.unwrap();
    let kept = deliveries::get(database.store.pool(), &id).await.unwrap().unwrap();
    assert_eq!(kept.content, Content::Event(serde_json::from_str(content).unwrap()));
    assert_eq!(kept.handled_at, None);
    deliveries::mark_handled(database.store.pool(), &id).await.unwrap();
    assert!(deliveries::get(database.store.pool(), &id).await.unwrap().unwrap().handled_at.is_some());
    let known = deliveries::known(database.store.pool(), &[id.to_string(), "unknown".into()]).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [id.to_string()]);
}

#[tokio::test]
async fn the_delivery_log_is_never_compared_backwards() {
    let database = Database::new().await;
    let pool = database.store.pool();
    assert_eq!(deliveries::compared_until(pool).await.unwrap(), None);
    deliveries::set_compared_until(pool, at(9)).await.unwrap();
    deliveries::set_compared_until(pool, at(3)).await.unwrap();
    assert_eq!(deliveries::compared_until(pool).await.unwrap(), Some(at(9)));
}
