//! A database per test, on a cluster that all tests share; and the nouns that the tests keep in it.

use chrono::{DateTime, Utc};
use lockgate_model::{
    Change, ChangeKind, CommitSha, Decision, Digest, Ecosystem, Evidence, LockedRelease, LockfileChange,
    LockfileFormat, LockfileStatus, Observation, Origin, Release, ReleaseChange, RepoId, Subject,
};
use lockgate_postgres::Cluster;
use lockgate_store::{
    Store, decisions::NewDecision, evaluations, evaluations::NewEvaluation, evidence, policies, provision, repositories,
};
use std::collections::BTreeMap;

pub(crate) struct Database {
    pub(crate) store: Store,
    pub(crate) urls: provision::Urls,
    admin_url: String,
}

impl Database {
    pub(crate) async fn new() -> Self {
        let cluster =
            tokio::task::spawn_blocking(Cluster::shared_for_tests).await.expect("no panic").expect("a cluster");
        let admin_url = cluster.admin_url();
        let urls = provision::scratch(&admin_url, &cluster.runtime_password()).await.expect("a database");
        let store = Store::connect(&urls.runtime, 12).await.expect("a connection");
        repositories::record(store.pool(), &on_record()).await.expect("a repository on record");
        Self { store, urls, admin_url }
    }

    pub(crate) async fn owner(&self) -> sqlx::PgConnection {
        use sqlx::Connection;
        sqlx::PgConnection::connect(&self.urls.owner).await.expect("the owner's connection")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin_url, name) = (self.admin_url.clone(), self.urls.database.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(provision::drop_database(&admin_url, &name)).expect("the database goes");
        });
        dropping.join().expect("no panic");
    }
}

pub(crate) fn repository() -> RepoId {
    "octo-org/hello".parse().expect("a repository")
}

/// GitHub's id of [`repository`].
pub(crate) const REPOSITORY_ID: i64 = 1_296_269;

pub(crate) fn on_record() -> repositories::Repository {
    repositories::Repository {
        id: REPOSITORY_ID,
        full_name: repository(),
        clone_url: "https://git.example.test/octo-org/hello.git".into(),
        installation_id: Some(42),
    }
}

pub(crate) fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().expect("a commit")
}

pub(crate) fn at(microseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_800_000_000_000_000 + microseconds).expect("a time")
}

pub(crate) fn release() -> Release {
    Release::new(Ecosystem::Npm, "left-pad", "1.3.0")
}

pub(crate) fn evidence_of(collector: &str, observation: Observation, collected_at: DateTime<Utc>) -> Evidence {
    Evidence {
        subject: Subject { release: release(), previous: None },
        collector: collector.to_owned(),
        collector_version: 1,
        observation,
        inputs: vec![Digest::sha256(b"artifact")],
        collected_at,
    }
}

pub(crate) fn question(pull_request: Option<i64>, head: CommitSha) -> NewEvaluation {
    NewEvaluation {
        repository_id: REPOSITORY_ID,
        repository: repository(),
        installation_id: Some(42),
        base_sha: sha('1'),
        head_sha: head,
        base_ref: Some("main".into()),
        pull_request,
        source_url: "https://git.example.test/octo-org/hello.git".into(),
        actor: "github:pull_request".into(),
        event_at: at(0),
        again: false,
    }
}

/// One npm release that comes in.
pub(crate) fn change(head: CommitSha) -> Change {
    let entry = LockedRelease {
        release: release(),
        origin: Origin::Registry { url: None },
        digests: Vec::new(),
        direct: Some(true),
        dev: Some(false),
        optional: false,
        alias: None,
        install_script: None,
        line: 12,
        depends_on: Vec::new(),
    };
    let lockfile = "package-lock.json".to_owned();
    let added = ReleaseChange { kind: ChangeKind::Added, lockfile: lockfile.clone(), old: None, new: Some(entry) };
    Change {
        repository: repository(),
        base: sha('1'),
        head,
        lockfiles: vec![LockfileChange {
            path: lockfile,
            format: LockfileFormat::NpmPackageLock,
            status: LockfileStatus::Changed,
            releases: vec![added],
            findings: Vec::new(),
        }],
        pins: Vec::new(),
        unread: Vec::new(),
    }
}

/// An evaluation with one linked piece of evidence, ready to be decided.
pub(crate) async fn decidable(store: &Store, number: i64) -> NewDecision {
    let head: CommitSha = format!("{number:040x}").parse().expect("a commit");
    let change = change(head.clone());
    let finding = evidence_of("checksum", Observation::Absent, at(number));
    let policy = Digest::sha256(b"policy");
    let mut transaction = store.begin().await.expect("a transaction");
    let evaluation =
        evaluations::open(&mut transaction, &question(None, head.clone())).await.expect("opened").evaluation;
    evidence::insert_all(&mut transaction, std::slice::from_ref(&finding)).await.expect("inserted");
    let key = change.releases().next().expect("one release").key();
    evidence::link(&mut transaction, evaluation.id, &[(key, finding.id())]).await.expect("linked");
    policies::remember(&mut *transaction, &policy, &BTreeMap::from([("a.rego".into(), "package a".into())]))
        .await
        .expect("remembered");
    transaction.commit().await.expect("committed");
    NewDecision {
        evaluation_id: evaluation.id,
        repository: repository(),
        base: sha('1'),
        head,
        pull_request: Some(7),
        decision: Decision::Allow,
        policy_digest: policy,
        evidence: vec![finding.id()],
        actor: "github:pull_request".into(),
        decided_at: Utc::now(),
        change,
        asked_at: at(number),
        registry_hosts: vec!["registry.example.test".to_owned()],
        waivers: Vec::new(),
    }
}
