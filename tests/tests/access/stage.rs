//! Two installations with rows of every kind, and a client that follows no redirect.

use chrono::{TimeDelta, Utc};
use lockgate_gate::{config::Config, web};
use lockgate_model::{
    Change, ChangeKind, CommitSha, Decision, Digest, Ecosystem, Evidence, LockedRelease, LockfileChange,
    LockfileFormat, LockfileStatus, Observation, Origin, Release, ReleaseChange, RepoId, Subject,
};
use lockgate_store::{
    decisions::{self, NewDecision},
    evaluations::{self, NewEvaluation},
    evidence, policies, repositories,
    waivers::{self, NewWaiver, Requested},
};
use lockgate_tests::app::TestApp;
use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use std::{collections::BTreeMap, sync::OnceLock};
use uuid::Uuid;

/// What an installation has.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) installation: i64,
    pub(crate) repository: RepoId,
    /// Of the decided commit.
    pub(crate) head: CommitSha,
    /// Of a commit that is being judged.
    pub(crate) open_head: CommitSha,
    pub(crate) decision: Uuid,
    pub(crate) decided: Uuid,
    pub(crate) open: Uuid,
    pub(crate) waiver: Uuid,
}

impl Rows {
    /// What an answer to somebody else must not contain.
    pub(crate) fn marks(&self) -> Vec<String> {
        vec![
            self.repository.to_string(),
            self.head.short().to_owned(),
            self.open_head.short().to_owned(),
            self.decision.to_string(),
            self.decided.to_string(),
            self.open.to_string(),
            self.waiver.to_string(),
        ]
    }
}

pub(crate) struct Stage {
    pub(crate) app: TestApp,
    pub(crate) ours: Rows,
    pub(crate) theirs: Rows,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With another configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let app = app(change).await;
        let ours = rows(&app, 501, "one-org/shop").await;
        let theirs = rows(&app, 502, "other-org/secret").await;
        Self { app, ours, theirs }
    }
}

/// A server without workers: the rows stay as the test made them.
pub(crate) async fn app(change: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::start_as(web::Role::Intake, change).await
}

/// Follows no redirect, keeps no cookie. Made once: reading the system's certificates takes longer than an answer.
pub(crate) fn client() -> Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let make = || {
        // A connection lives in the runtime that opened it, and each test has its own.
        let builder = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0);
        builder.build().expect("a client can be made")
    };
    CLIENT.get_or_init(make).clone()
}

pub(crate) fn request(app: &TestApp, method: Method, path: &str) -> RequestBuilder {
    client().request(method, app.base.join(path).expect("a path joins"))
}

/// Status and body.
pub(crate) async fn answer(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.expect("an answer is text"))
}

/// Tells the installations apart in its first digits.
fn sha(installation: i64, number: i64) -> CommitSha {
    format!("{:0<40}", format!("{installation:04x}{number:x}")).parse().expect("a commit")
}

async fn rows(app: &TestApp, installation: i64, repository: &str) -> Rows {
    let repository: RepoId = repository.parse().expect("a repository");
    let on_record = repositories::Repository {
        id: installation * 10,
        full_name: repository.clone(),
        clone_url: format!("https://git.example.test/{repository}.git"),
        installation_id: Some(installation),
    };
    repositories::record(app.store().pool(), &on_record).await.expect("a repository on record");
    let (head, open_head) = (sha(installation, 1), sha(installation, 2));
    let decided = question(app, installation, &repository, &head).await;
    let open = question(app, installation, &repository, &open_head).await;
    let decision = decide(app, decided, &repository, &head).await;
    let mut connection = app.store().pool().acquire().await.expect("a connection");
    let new = NewWaiver {
        installation_id: installation,
        repository_id: installation * 10,
        repository: repository.as_str(),
        purl: "pkg:npm/left-pad@1.3.0",
        code: "license-denied",
        reason: "replaced next week",
        requested_by: "github:octo-reader",
    };
    let Requested::New(waiver) = waivers::request(&mut connection, &new).await.expect("a request") else {
        panic!("the request is new")
    };
    Rows { installation, repository, head, open_head, decision, decided, open, waiver }
}

async fn question(app: &TestApp, installation: i64, repository: &RepoId, head: &CommitSha) -> Uuid {
    let mut transaction = app.store().begin().await.expect("a transaction");
    let new = NewEvaluation {
        repository_id: installation * 10,
        repository: repository.clone(),
        installation_id: Some(installation),
        base_sha: sha(installation, 0),
        head_sha: head.clone(),
        base_ref: Some("main".to_owned()),
        pull_request: None,
        source_url: format!("https://git.example.test/{repository}.git"),
        actor: "github:pull_request".to_owned(),
        event_at: Utc::now() - TimeDelta::minutes(1),
        again: false,
    };
    let opened = evaluations::open(&mut transaction, &new).await.expect("a question");
    transaction.commit().await.expect("a commit");
    opened.evaluation.id
}

/// A denial with one release and one piece of evidence.
async fn decide(app: &TestApp, evaluation: Uuid, repository: &RepoId, head: &CommitSha) -> Uuid {
    let release = Release::new(Ecosystem::Npm, "left-pad", "1.3.0");
    let finding = Evidence {
        subject: Subject { release: release.clone(), previous: None },
        collector: "checksum".to_owned(),
        collector_version: 1,
        observation: Observation::Absent,
        inputs: vec![Digest::sha256(repository.as_str().as_bytes())],
        collected_at: Utc::now(),
    };
    let entry = LockedRelease {
        release,
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
    let key = added.key();
    let base: CommitSha = "1".repeat(40).parse().expect("a commit");
    let change = Change {
        repository: repository.clone(),
        base: base.clone(),
        head: head.clone(),
        lockfiles: vec![LockfileChange {
            path: lockfile,
            format: LockfileFormat::NpmPackageLock,
            status: LockfileStatus::Changed,
            releases: vec![added],
            findings: Vec::new(),
        }],
        pins: Vec::new(),
        unread: Vec::new(),
    };
    let policy = Digest::sha256(b"policy");
    let mut transaction = app.store().begin().await.expect("a transaction");
    evidence::insert_all(&mut transaction, std::slice::from_ref(&finding)).await.expect("evidence");
    evidence::link(&mut transaction, evaluation, &[(key, finding.id())]).await.expect("a link");
    let files = BTreeMap::from([("a.rego".to_owned(), "package a".to_owned())]);
    policies::remember(&mut *transaction, &policy, &files).await.expect("a policy");
    let new = NewDecision {
        evaluation_id: evaluation,
        repository: repository.clone(),
        base,
        head: head.clone(),
        pull_request: Some(7),
        decision: Decision::Allow,
        policy_digest: policy,
        evidence: vec![finding.id()],
        actor: "github:pull_request".to_owned(),
        decided_at: Utc::now(),
        change,
        asked_at: Utc::now(),
        registry_hosts: Vec::new(),
        waivers: Vec::new(),
    };
    let record = decisions::append(&mut transaction, &new).await.expect("a decision");
    transaction.commit().await.expect("a commit");
    record.id
}

/// A browser without script: cookies, and forms that it sends from the server's own pages.
pub(crate) struct Browser {
    client: Client,
    base: url::Url,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(app: &TestApp) -> Self {
        Self { client: client(), base: app.base.clone(), cookies: BTreeMap::new() }
    }

    /// Cookies by name.
    pub(crate) fn cookies(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.cookies
    }

    pub(crate) fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Keeps what the answer sets and drops what it clears.
    fn keep(&mut self, answer: &Response) {
        for line in answer.headers().get_all("set-cookie") {
            let line = line.to_str().expect("a cookie is text");
            let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) async fn get(&mut self, address: &str) -> Response {
        let url = self.base.join(address).expect("an address");
        let mut asking = self.client.get(url.clone());
        if url.origin() == self.base.origin() {
            asking = asking.header("cookie", self.cookie_header());
        }
        let answer = asking.send().await.expect("an answer");
        if url.origin() == self.base.origin() {
            self.keep(&answer);
        }
        answer
    }

    /// Follows redirects, to the provider and back, until there is a page.
    pub(crate) async fn visit(&mut self, address: &str) -> (u16, String) {
        let mut address = address.to_owned();
        for _ in 0..10 {
            let page = self.get(&address).await;
            let Some(next) = page.headers().get("location") else { return answer(page).await };
            address = page.url().join(next.to_str().expect("an address")).expect("an address").to_string();
        }
        panic!("{address}: redirected in circles");
    }

    /// Sends a form as a browser does that shows one of our own pages.
    pub(crate) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let origin = self.base.origin().ascii_serialization();
        self.send_from(path, fields, &[("origin", &origin), ("sec-fetch-site", "same-origin")]).await
    }

    pub(crate) async fn send_from(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut sending = self
            .client
            .post(self.base.join(path).expect("a path"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", self.cookie_header())
            .body(body);
        for (name, value) in headers {
            sending = sending.header(*name, *value);
        }
        let answer = sending.send().await.expect("an answer");
        self.keep(&answer);
        answer
    }

    /// Signs in with a machine token.
    pub(crate) async fn sign_in(&mut self, token: &str) -> Response {
        self.send("login", &[("token", token), ("next", "/")]).await
    }

    /// The value that this session's forms carry.
    pub(crate) async fn csrf(&mut self) -> String {
        let (_, page) = self.visit("/waivers").await;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("no form in {page}"));
        rest.split('"').next().expect("a value").to_owned()
    }
}
