//! What is remembered between evaluations: evidence, first digests, artifacts, advisories, evaluations.

use crate::support::{Database, at, change, evidence_of, question, sha};
use chrono::{DateTime, Utc};
use lockgate_model::{Cause, CauseKind, Digest, DigestAlgorithm, Ecosystem, Observation};
use lockgate_store::{
    advisories::{self, Record},
    artifacts::{self, Stated},
    evaluations::{self, NewEvaluation, Novelty, Standing, State},
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
    let evaluation = evaluations::open(&mut connection, &question(None, sha('2'))).await.unwrap().evaluation;
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
    let sha512 = Digest::of(DigestAlgorithm::Sha512, b"first");
    for digest in [&first, &later, &sha512] {
        artifacts::record(pool, purl, file, &[], digest).await.unwrap();
    }
    let purls = [purl.to_owned(), "pkg:npm/other@1.0.0".to_owned()];
    let mut seen = first_seen::of(pool, &purls).await.unwrap();
    let of_file = seen.remove(purl).unwrap();
    assert!(of_file.iter().all(|row| row.file == file));
    let all: Vec<Digest> = of_file.into_iter().map(|row| row.digest).collect();
    assert_eq!(all, [first, sha512], "algorithms are not compared");
    assert!(seen.is_empty());
}

#[tokio::test]
async fn a_weak_digest_never_saves_a_fetch() {
    let database = Database::new().await;
    let (pool, purl, file) = (database.store.pool(), "pkg:npm/left-pad@1.3.0", "left-pad-1.3.0.tgz");
    let actual = Digest::sha256(b"bytes");
    let strong = Digest::of(DigestAlgorithm::Sha512, b"bytes");
    let weak = Digest::of(DigestAlgorithm::Sha1, b"bytes");
    let stated = |file: &str, digest: &Digest| Stated { purl: purl.into(), file: file.into(), digest: digest.clone() };
    let wanted = [stated(file, &weak), stated("other.tgz", &strong), stated(file, &strong), stated(file, &strong)];
    assert_eq!(artifacts::known(pool, &wanted).await.unwrap(), vec![None; 4]);
    artifacts::record(pool, purl, file, &[strong, weak], &actual).await.unwrap();
    let known = artifacts::known(pool, &wanted).await.unwrap();
    assert_eq!(known, [None, None, Some(actual.clone()), Some(actual)]);
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
    let packages = [(Ecosystem::Pypi, "elsewhere"), (Ecosystem::Pypi, "PKG-0"), (Ecosystem::Npm, "pkg-0")];
    let packages = packages.map(|(ecosystem, name)| (ecosystem, name.to_owned()));
    let found = advisories::for_packages(&mut *connection, &packages).await.unwrap();
    let bodies: Vec<Vec<_>> = found.into_iter().map(|of_one| of_one.into_iter().map(|k| k.body).collect()).collect();
    assert_eq!(bodies, [vec![], vec![json!({"id": "T-0", "summary": "corrected"})], vec![]]);
    let last = [(Ecosystem::Pypi, "pkg-1199".to_owned())];
    assert_eq!(advisories::for_packages(&mut *connection, &last).await.unwrap()[0].len(), 1);
    let second = advisories::feed(&mut *connection).await.unwrap().unwrap();
    assert_ne!(first.digest, second.digest);
    assert_eq!((first.records, second.records), (1201, 1));

    // The digest comes back; what came between stays, and the revision tells.
    advisories::import(&mut connection, "osv", &Digest::sha256(b"1"), []).await.unwrap();
    let third = advisories::feed(&mut *connection).await.unwrap().unwrap();
    assert_eq!(third.digest, first.digest);
    assert!(first.revision < second.revision && second.revision < third.revision);
}

#[tokio::test]
async fn the_digests_of_advisories_are_those_of_their_text() {
    let database = Database::new().await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let odd = json!({"id": "T-1", "b": 1e16, "a": "nul \0 \u{e9}", "n": [0.1, 18_446_744_073_709_551_615_u64]});
    let record =
        |id: &str, body| Record { id: id.into(), modified: at(1), packages: vec![(Ecosystem::Npm, "a".into())], body };
    let records = [record("T-1", odd), record("T-2", json!({"id": "T-2"}))];
    advisories::import(&mut connection, "osv", &Digest::sha256(b"1"), records).await.unwrap();
    let packages = [(Ecosystem::Npm, "b".to_owned()), (Ecosystem::Npm, "a".to_owned())];
    let loaded = advisories::for_packages(&mut *connection, &packages).await.unwrap();
    let of_text = |kept: &advisories::Kept| Digest::sha256(kept.body.to_string().as_bytes()).hex();
    assert!(loaded[1].iter().all(|kept| kept.sha256 == of_text(kept)));
    let mut expected: Vec<String> = loaded[1].iter().map(of_text).collect();
    expected.sort();
    assert_eq!(expected.len(), 2);
    assert_eq!(advisories::digests(&mut *connection, &packages).await.unwrap(), [vec![], expected]);
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
            opened.novelty == Novelty::New
        })
    });
    let new = futures::future::try_join_all(opening).await.unwrap();
    assert_eq!(new.iter().filter(|new| **new).count(), 1);

    let mut connection = database.store.pool().acquire().await.unwrap();
    let again = NewEvaluation { again: true, ..question(Some(7), sha('2')) };
    let rerun = evaluations::open(&mut connection, &again).await.unwrap().evaluation;
    assert_eq!((rerun.generation, rerun.state, rerun.standing), (2, State::Queued, Standing::Current));
    let by_head = evaluations::by_head(&mut *connection, &rerun.repository, &sha('2')).await.unwrap();
    assert_eq!(by_head.iter().map(|e| e.standing).collect::<Vec<_>>(), [Standing::Current, Standing::Superseded]);
    let found = evaluations::open(&mut connection, &question(Some(7), sha('2'))).await.unwrap();
    assert_eq!((found.novelty, found.evaluation.id), (Novelty::Existing, rerun.id));
}

#[tokio::test]
async fn an_evaluation_goes_its_way() {
    let database = Database::new().await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let evaluation = evaluations::open(&mut connection, &question(None, sha('3'))).await.unwrap().evaluation;
    let id = evaluation.id;
    evaluations::set_change(&mut *connection, id, &change(sha('3'))).await.unwrap();
    evaluations::set_asked_at(&mut *connection, id, at(3)).await.unwrap();
    let loaded =
        evaluations::latest_for_head(&mut *connection, &evaluation.repository, &sha('3')).await.unwrap().unwrap();
    assert_eq!((loaded.state, loaded.asked_at), (State::Deciding, Some(at(3))));
    assert_eq!(loaded.change, Some(change(sha('3'))));
    evaluations::set_state(&mut *connection, id, State::Done).await.unwrap();
    let listed = evaluations::list(&mut *connection, Some(&evaluation.repository), None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|e| e.state).collect::<Vec<_>>(), [State::Done]);
    assert!(evaluations::get(&mut *connection, uuid::Uuid::nil()).await.unwrap().is_none());
}
