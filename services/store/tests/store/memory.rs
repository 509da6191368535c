//! What is remembered between evaluations: evidence, first digests, artifacts, advisories, evaluations.

use crate::support::{Database, at, change, evidence_of, question, sha};
use chrono::{DateTime, Utc};
use lockgate_model::{Cause, CauseKind, Digest, DigestAlgorithm, Ecosystem, Observation};
use lockgate_store::{
    advisories::{self, Record},
    artifacts,
    evaluations::{self, CheckRun, NewEvaluation, Opened, Standing, State},
    evidence, first_seen,
};
use serde_json::json;

fn unavailable() -> Observation {
    Observation::Unavailable { cause: Cause::new(CauseKind::Timeout, "fetch npm left-pad 1.3.0: no answer") }
}

#[tokio::test]
async fn an_unavailable_answer_is_kept_and_never_found() {
    let database = Database::new().await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let failed = evidence_of("diff", unavailable(), at(2));
    evidence::insert_all(&mut connection, std::slice::from_ref(&failed)).await.unwrap();
    assert!(evidence::find(&mut *connection, &[failed.key()]).await.unwrap().is_empty());
    assert_eq!(evidence::by_ids(&mut *connection, &[failed.id()]).await.unwrap(), std::slice::from_ref(&failed));

    // An answer that came before the failed attempt is still an answer; of two the later one counts.
    let facts = json!({"path": "nul \0 in a name", "ratio": 1e16});
    let old = evidence_of("diff", Observation::Absent, at(0));
    let new = evidence_of("diff", Observation::Observed { facts }, at(1));
    evidence::insert_all(&mut connection, &[new.clone(), old.clone(), new.clone()]).await.unwrap();
    let found = evidence::find(&mut *connection, &[old.key()]).await.unwrap();
    assert_eq!(found[&old.key()], new);
    let unknown = evidence_of("license", Observation::Absent, at(0)).key();
    assert!(evidence::find(&mut *connection, &[unknown]).await.unwrap().is_empty());
}

#[tokio::test]
async fn altered_evidence_is_noticed() {
    let database = Database::new().await;
    let item = evidence_of("checksum", Observation::Absent, at(0));
    let mut connection = database.store.pool().acquire().await.unwrap();
    evidence::insert_all(&mut connection, std::slice::from_ref(&item)).await.unwrap();
    let mut owner = database.owner().await;
    sqlx::raw_sql("alter table evidence disable trigger all; update evidence set body = replace(body::text, 'left-pad', 'left_pad')::json")
        .execute(&mut owner)
        .await
        .unwrap();
    let error = evidence::by_ids(&mut *connection, &[item.id()]).await.unwrap_err().to_string();
    assert!(error.contains("another digest"), "{error}");
    let error = evidence::find(&mut *connection, &[item.key()]).await.unwrap_err().to_string();
    assert!(error.contains("another question"), "{error}");
}

#[tokio::test]
async fn links_are_replaced_not_gathered() {
    let database = Database::new().await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let Opened::New(evaluation) = evaluations::open(&mut connection, &question(None, sha('2'))).await.unwrap() else {
        panic!("it is new")
    };
    let (failed, observed) = (evidence_of("a", unavailable(), at(0)), evidence_of("a", Observation::Absent, at(1)));
    evidence::insert_all(&mut connection, &[failed.clone(), observed.clone()]).await.unwrap();
    let key = change(sha('2')).releases().next().unwrap().key();
    evidence::link(&mut connection, evaluation.id, &[(key.clone(), failed.id())]).await.unwrap();
    evidence::link(&mut connection, evaluation.id, &[(key.clone(), observed.id())]).await.unwrap();
    let linked = evidence::of_evaluation(&mut *connection, evaluation.id).await.unwrap();
    assert_eq!(linked, [(key, observed)]);
}

#[tokio::test]
async fn the_first_digest_of_a_file_stands() {
    let database = Database::new().await;
    let (pool, purl, file) = (database.store.pool(), "pkg:npm/left-pad@1.3.0", "left-pad-1.3.0.tgz");
    let (first, later) = (Digest::sha256(b"first"), Digest::sha256(b"later"));
    assert_eq!(first_seen::record(pool, purl, file, &first).await.unwrap(), None);
    let stood = first_seen::record(pool, purl, file, &later).await.unwrap().unwrap();
    assert_eq!((stood.digest, stood.file.as_str()), (first.clone(), file));
    let sha512 = Digest::of(DigestAlgorithm::Sha512, b"first");
    assert_eq!(first_seen::record(pool, purl, file, &sha512).await.unwrap(), None, "algorithms are not compared");
    let all: Vec<Digest> = first_seen::of(pool, purl).await.unwrap().into_iter().map(|row| row.digest).collect();
    assert_eq!(all, [first, sha512]);
    assert!(first_seen::of(pool, "pkg:npm/other@1.0.0").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_weak_digest_never_saves_a_fetch() {
    let database = Database::new().await;
    let (pool, purl, file) = (database.store.pool(), "pkg:npm/left-pad@1.3.0", "left-pad-1.3.0.tgz");
    let actual = Digest::sha256(b"bytes");
    let strong = Digest::of(DigestAlgorithm::Sha512, b"bytes");
    let weak = Digest::of(DigestAlgorithm::Sha1, b"bytes");
    for stated in [&strong, &weak] {
        assert_eq!(artifacts::known(pool, purl, file, stated).await.unwrap(), None);
        artifacts::record(pool, purl, file, stated, &actual).await.unwrap();
    }
    assert_eq!(artifacts::known(pool, purl, file, &strong).await.unwrap(), Some(actual));
    assert_eq!(artifacts::known(pool, purl, file, &weak).await.unwrap(), None);
    assert_eq!(artifacts::known(pool, purl, "other.tgz", &strong).await.unwrap(), None);
}

fn advisory(id: &str, modified: DateTime<Utc>, name: &str, summary: &str) -> Record {
    let body = json!({"id": id, "summary": summary});
    Record { id: id.into(), modified, packages: vec![(Ecosystem::Pypi, name.into())], body }
}

#[tokio::test]
async fn a_truncated_or_older_feed_makes_no_advisory_vanish() {
    let database = Database::new().await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    assert!(advisories::feed(&mut *connection).await.unwrap().is_none());
    let many = (0..1200).map(|n| advisory(&format!("T-{n}"), at(5), &format!("Pkg_{n}"), "first"));
    let doubled = many.chain([advisory("T-0", at(9), "pkg.0", "corrected")]);
    let count = advisories::import(&mut connection, "osv", &Digest::sha256(b"1"), doubled).await.unwrap();
    assert_eq!(count, 1201);
    let first = advisories::feed(&mut *connection).await.unwrap().unwrap();

    let older = [advisory("T-0", at(1), "elsewhere", "old")];
    advisories::import(&mut connection, "osv", &Digest::sha256(b"2"), older).await.unwrap();
    let found = advisories::for_package(&mut *connection, Ecosystem::Pypi, "PKG-0").await.unwrap();
    assert_eq!(found, [json!({"id": "T-0", "summary": "corrected"})]);
    assert_eq!(advisories::for_package(&mut *connection, Ecosystem::Pypi, "pkg-1199").await.unwrap().len(), 1);
    assert!(advisories::for_package(&mut *connection, Ecosystem::Pypi, "elsewhere").await.unwrap().is_empty());
    assert!(advisories::for_package(&mut *connection, Ecosystem::Npm, "pkg-0").await.unwrap().is_empty());
    let second = advisories::feed(&mut *connection).await.unwrap().unwrap();
    assert_ne!(first.digest, second.digest);
    assert_eq!((first.records, second.records), (1201, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_opened_once_and_again_on_request() {
    let database = Database::new().await;
    let opening = (0..6).map(|_| {
        let store = database.store.clone();
        tokio::spawn(async move {
            let mut transaction = store.begin().await.unwrap();
            let opened = evaluations::open(&mut transaction, &question(Some(7), sha('2'))).await.unwrap();
            transaction.commit().await.unwrap();
            matches!(opened, Opened::New(_))
        })
    });
    let new = futures::future::try_join_all(opening).await.unwrap();
    assert_eq!(new.iter().filter(|new| **new).count(), 1);

    let mut connection = database.store.pool().acquire().await.unwrap();
    let again = NewEvaluation { again: true, ..question(Some(7), sha('2')) };
    let Opened::New(rerun) = evaluations::open(&mut connection, &again).await.unwrap() else { panic!("it is new") };
    assert_eq!((rerun.generation, rerun.state, rerun.standing), (2, State::Queued, Standing::Current));
    let by_head = evaluations::by_head(&mut *connection, &rerun.repository, &sha('2')).await.unwrap();
    assert_eq!(by_head.iter().map(|e| e.standing).collect::<Vec<_>>(), [Standing::Current, Standing::Superseded]);
    let Opened::Existing(found) = evaluations::open(&mut connection, &question(Some(7), sha('2'))).await.unwrap()
    else {
        panic!("it exists")
    };
    assert_eq!(found.id, rerun.id);
}

#[tokio::test]
async fn an_evaluation_goes_its_way_and_keeps_its_first_check_run() {
    let database = Database::new().await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let Opened::New(evaluation) = evaluations::open(&mut connection, &question(None, sha('3'))).await.unwrap() else {
        panic!("it is new")
    };
    let id = evaluation.id;
    assert_eq!(evaluations::set_check_run(&mut *connection, id, 11).await.unwrap(), CheckRun::Set);
    assert_eq!(evaluations::set_check_run(&mut *connection, id, 12).await.unwrap(), CheckRun::Stands(11));
    evaluations::set_change(&mut *connection, id, &change(sha('3'))).await.unwrap();
    evaluations::set_asked_at(&mut *connection, id, at(3)).await.unwrap();
    let loaded =
        evaluations::latest_for_head(&mut *connection, &evaluation.repository, &sha('3')).await.unwrap().unwrap();
    assert_eq!((loaded.state, loaded.asked_at, loaded.check_run_id), (State::Deciding, Some(at(3)), Some(11)));
    assert_eq!(loaded.change, Some(change(sha('3'))));
    evaluations::set_state(&mut *connection, id, State::Done).await.unwrap();
    let listed = evaluations::list(&mut *connection, Some(&evaluation.repository), None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|e| e.state).collect::<Vec<_>>(), [State::Done]);
    assert!(evaluations::get(&mut *connection, uuid::Uuid::nil()).await.unwrap().is_none());
}
