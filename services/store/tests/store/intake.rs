//! Deliveries: accepted once, committed together with their job, kept as they came.

use crate::support::Database;
use lockgate_model::DeliveryId;
use lockgate_store::{
    deliveries::{self, Accepted, NewDelivery},
    jobs::{self, NewJob},
};
use serde_json::{Value, json};

fn id() -> DeliveryId {
    "72d3162e-cc78-11e3-81ab-4c9367dc0958".parse().expect("a delivery id")
}

fn delivery<'a>(id: &'a DeliveryId, payload: &'a Value) -> NewDelivery<'a> {
    NewDelivery {
        id,
        event: "pull_request",
        action: Some("opened"),
        installation_id: Some(42),
        repository: Some("octo-org/hello"),
        payload,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_new_once_however_many_arrive_together() {
    let database = Database::new().await;
    let (id, payload) = (id(), json!({}));
    let arrivals = (0..8).map(|_| deliveries::accept(database.store.pool(), delivery_ref(&id, &payload)));
    let accepted = futures::future::try_join_all(arrivals).await.unwrap();
    assert_eq!(accepted.iter().filter(|a| **a == Accepted::New).count(), 1, "{accepted:?}");
}

fn delivery_ref<'a>(id: &'a DeliveryId, payload: &'a Value) -> &'a NewDelivery<'a> {
    Box::leak(Box::new(delivery(id, payload)))
}

#[tokio::test]
async fn an_uncommitted_delivery_leaves_neither_itself_nor_its_job() {
    let database = Database::new().await;
    let (id, payload) = (id(), json!({"number": 7}));
    let job = NewJob { kind: "detect".into(), key: None, payload: json!({}), run_at: None, max_attempts: 3 };
    let mut transaction = database.store.begin().await.unwrap();
    deliveries::accept(&mut *transaction, &delivery(&id, &payload)).await.unwrap();
    jobs::enqueue(&mut *transaction, &job).await.unwrap();
    drop(transaction);
    assert_eq!(jobs::unfinished(database.store.pool()).await.unwrap(), 0);
    assert!(deliveries::get(database.store.pool(), &id).await.unwrap().is_none());
    let accepted = deliveries::accept(database.store.pool(), &delivery(&id, &payload)).await.unwrap();
    assert_eq!(accepted, Accepted::New);
}

#[tokio::test]
async fn a_payload_is_kept_as_it_came() {
    let database = Database::new().await;
    // What jsonb would refuse or rewrite.
    let payload: Value =
        serde_json::from_str(r#"{"title": "nul \u0000 \ud83d\ude80", "n": 1e16, "z": 1, "a": 2}"#).unwrap();
    let id = id();
    deliveries::accept(database.store.pool(), &delivery(&id, &payload)).await.unwrap();
    let kept = deliveries::get(database.store.pool(), &id).await.unwrap().unwrap();
    assert_eq!(kept.payload.to_string(), payload.to_string());
    assert_eq!(kept.handled_at, None);
    deliveries::mark_handled(database.store.pool(), &id).await.unwrap();
    assert!(deliveries::get(database.store.pool(), &id).await.unwrap().unwrap().handled_at.is_some());
}
