//! The chain of decisions: gapless under concurrent writers, verifiable, one decision an evaluation.

use crate::support::{Database, at, change, decidable, evidence_of, repository};
use chrono::Utc;
use lockgate_model::{Decision, DecisionRecord, Digest, Observation, Outcome, Reason};
use lockgate_store::{
    StoreError,
    decisions::{self, Filter},
    evidence, policies,
};

/// What an auditor does: places without gaps, each hash right, each naming the one before.
fn verify(chain: &[DecisionRecord]) {
    let mut previous: Option<Digest> = None;
    for (place, record) in (1..).zip(chain) {
        assert_eq!(record.sequence, place);
        assert_eq!(record.hash, record.expected_hash());
        assert_eq!(record.previous, previous);
        previous = Some(record.hash.clone());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_make_one_gapless_chain() {
    let database = Database::new().await;
    let writers = (0..8_i64).map(|writer| {
        let store = database.store.clone();
        tokio::spawn(async move {
            for round in 0..10_i64 {
                let new = decidable(&store, writer * 100 + round).await;
                let mut transaction = store.begin().await.unwrap();
                decisions::append(&mut transaction, &new).await.unwrap();
                // Every third writer dies before its commit; its place must not stay empty.
                if round % 3 == 2 {
                    drop(transaction);
                } else {
                    transaction.commit().await.unwrap();
                }
            }
        })
    });
    futures::future::try_join_all(writers).await.unwrap();
    let chain = decisions::since(database.store.pool(), at(-1_000_000_000_000_000)).await.unwrap();
    assert_eq!(chain.len(), 8 * 7);
    verify(&chain);
}

#[tokio::test]
async fn a_second_decision_on_an_evaluation_is_the_first_one() {
    let database = Database::new().await;
    let mut new = decidable(&database.store, 1).await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let first = decisions::append(&mut connection, &new).await.unwrap();
    new.decision = Decision::Incomplete { reasons: Vec::new() };
    assert_eq!(decisions::append(&mut connection, &new).await.unwrap(), first);
    assert_eq!(decisions::of_evaluation(&mut *connection, new.evaluation_id).await.unwrap(), Some(first.clone()));
    assert_eq!(decisions::get(&mut *connection, first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(decisions::for_head(&mut *connection, &repository(), &first.head).await.unwrap(), [first]);
}

#[tokio::test]
async fn the_question_comes_back_whole() {
    let database = Database::new().await;
    let new = decidable(&database.store, 1).await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let record = decisions::append(&mut connection, &new).await.unwrap();
    let asked = decisions::assessment(&mut *connection, record.id).await.unwrap().unwrap();
    assert_eq!((&asked.change, asked.asked_at), (&new.change, new.asked_at));
    assert_eq!(asked.registry_hosts, new.registry_hosts);
    let key = new.change.releases().next().unwrap().key();
    assert_eq!(asked.links, [(key, new.evidence.clone())]);
    assert_eq!(evidence::by_ids(&mut *connection, &record.evidence).await.unwrap().len(), 1);
    assert!(policies::get(&mut *connection, &record.policy_digest).await.unwrap().is_some());
    assert!(decisions::assessment(&mut *connection, uuid::Uuid::nil()).await.unwrap().is_none());
}

#[tokio::test]
async fn evidence_that_was_linked_anew_conflicts() {
    let database = Database::new().await;
    let new = decidable(&database.store, 1).await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let other = evidence_of("checksum", Observation::Absent, at(99));
    evidence::insert_all(&mut connection, std::slice::from_ref(&other)).await.unwrap();
    let key = change(new.head.clone()).releases().next().unwrap().key();
    evidence::link(&mut connection, new.evaluation_id, &[(key, other.id())]).await.unwrap();
    let error = decisions::append(&mut connection, &new).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
}

#[tokio::test]
async fn a_policy_that_was_not_remembered_decides_nothing() {
    let database = Database::new().await;
    let mut new = decidable(&database.store, 1).await;
    new.policy_digest = Digest::sha256(b"another");
    let mut connection = database.store.pool().acquire().await.unwrap();
    let error = decisions::append(&mut connection, &new).await.unwrap_err();
    assert_eq!(error.sql_state().as_deref(), Some("23503"), "{error}");
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let database = Database::new().await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let reason = Reason {
        code: "checksum-mismatch".into(),
        purl: "pkg:npm/left-pad@1.3.0".into(),
        lockfile: "package-lock.json".into(),
        line: 12,
        message: "the bytes differ from the lockfile".into(),
        remedy: "do not install it".into(),
        places: Vec::new(),
    };
    for number in 1..=5 {
        let mut new = decidable(&database.store, number).await;
        if number % 2 == 0 {
            new.decision = Decision::from_reasons(vec![reason.clone()], Vec::new());
        }
        decisions::append(&mut connection, &new).await.unwrap();
    }
    let denied = Filter { outcome: Some(Outcome::Deny), ..Filter::default() };
    let places = |list: Vec<DecisionRecord>| list.iter().map(|r| r.sequence).collect::<Vec<_>>();
    assert_eq!(places(decisions::list(&mut *connection, &denied).await.unwrap()), [4, 2]);
    let page = Filter { before: Some(4), limit: 2, repository: Some(repository()), ..Filter::default() };
    assert_eq!(places(decisions::list(&mut *connection, &page).await.unwrap()), [3, 2]);
    let nobody = Filter { repository: Some("octo-org/other".parse().unwrap()), ..Filter::default() };
    assert!(decisions::list(&mut *connection, &nobody).await.unwrap().is_empty());
    assert!(decisions::since(&mut *connection, Utc::now()).await.unwrap().is_empty());
}
