//! The version before is stopped in the middle of its work; this one starts on its database, migrates, and finishes.

use lockgate_gate::jobs::CHECK_NAME;
use lockgate_github::{App, AppConfig, CheckRunDraft, CheckRunState, Conclusion, Limits, Secret};
use lockgate_model::Change;
use lockgate_tests::{
    chaos::{
        fleet::{self, Fleet, Program},
        plan::{Content, Pull},
        previous::{self, Left, Progress},
        run::{Set, unfinished_of},
        stage,
    },
    fake_github::{INSTALLATION, PullRequest},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const LOCKGATE: &str = env!("CARGO_BIN_EXE_lockgate-tested");
const PATIENCE: Duration = Duration::from_secs(90);

/// Posts a check run as that version did.
async fn post(set: &Set, head: &str, state: CheckRunState) -> u64 {
    let github = &set.stage.github;
    let app = AppConfig {
        api_url: github.url(),
        client_id: github.client_id().to_owned(),
        private_key_pem: Secret::from(github.private_key_pem().to_owned()),
        limits: Limits::none(),
    };
    let draft = CheckRunDraft {
        name: CHECK_NAME.to_owned(),
        head_sha: head.to_owned(),
        external_id: uuid::Uuid::now_v7().to_string(),
        details_url: None,
        state,
        title: "Reading the lockfiles".to_owned(),
        summary: "Lockgate is finding out which releases this change moves.".to_owned(),
        text: None,
        annotations: Vec::new(),
        actions: Vec::new(),
    };
    let client = App::new(app).expect("the App's key is good").installation(INSTALLATION);
    client.create_check_run(&stage::repository(0), &draft).await.expect("GitHub takes the check run")
}

/// Opens a pull request on GitHub and says how far the version before had come with it.
async fn left(set: &Set, number: usize, progress: Progress, content: Content) -> Left {
    let pull = Pull { repository: 0, content, from_fork: false, draft: false, lost: false };
    let (pull_request, payload) = set.stage.open(number, &pull).expect("the pull request can be opened");
    let repository = stage::repository(0);
    let check_run = match progress {
        Progress::Queued => None,
        Progress::Done => Some(post(set, &pull_request.head_sha, CheckRunState::Completed(Conclusion::Success)).await),
        _ => Some(post(set, &pull_request.head_sha, CheckRunState::InProgress).await),
    };
    let change = Change {
        repository: repository.parse().expect("a name"),
        base: pull_request.base_sha.parse().expect("a commit"),
        head: pull_request.head_sha.parse().expect("a commit"),
        lockfiles: Vec::new(),
        pins: Vec::new(),
        unread: Vec::new(),
    };
    let clone_url = payload["repository"]["clone_url"].as_str().expect("an address").to_owned();
    Left { repository, clone_url, pull_request, payload, progress, check_run, change }
}

async fn finished(set: &Set, heads: &[PullRequest]) {
    let until = Instant::now() + PATIENCE;
    loop {
        let done = heads.iter().all(|pull| {
            set.stage.github.check_runs(&stage::repository(0), &pull.head_sha).iter().any(|r| r.status == "completed")
        });
        if done && unfinished_of(&set.database).await.is_ok_and(|left| left == 0) {
            return;
        }
        assert!(Instant::now() < until, "not finished after {PATIENCE:?}: {}", standing(set, heads));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What GitHub and the database know of each head.
fn standing(set: &Set, heads: &[PullRequest]) -> String {
    let runs = heads.iter().map(|pull| {
        let runs = set.stage.github.check_runs(&stage::repository(0), &pull.head_sha);
        let runs: Vec<_> = runs.iter().map(|r| format!("{} {} {:?}", r.id, r.status, r.conclusion)).collect();
        format!("{} {runs:?}", pull.head_sha)
    });
    let jobs = set.database.query(
        "select kind || ' ' || state || ' ' || attempts || ' ' || coalesce(last_error, '') from jobs where finished_at is null
         union all select head_sha || ' ' || state || ' ' || coalesce(repository_id, 0) from evaluations",
    );
    format!("{:#?} {jobs:#?}", runs.collect::<Vec<_>>())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn work_that_the_version_before_left_is_finished_once() {
    let set = Set::build(false).await.expect("the stage stands");
    lockgate_store::migrate_to(set.database.owner_url(), previous::SCHEMA).await.expect("the old schema applies");
    let cases = [
        (Progress::Queued, Content::Good, "success"),
        (Progress::Queued, Content::License, "failure"),
        (Progress::Queued, Content::Broken, "action_required"),
        (Progress::Detecting, Content::Good, "success"),
        (Progress::Detecting, Content::Documents, "success"),
        (Progress::Collecting, Content::Documents, "success"),
        (Progress::Deciding, Content::Documents, "success"),
        (Progress::Publishing, Content::Documents, "success"),
        (Progress::Done, Content::Documents, "success"),
    ];
    let mut all = Vec::new();
    for (number, (progress, content, _)) in cases.iter().enumerate() {
        all.push(left(&set, number, *progress, *content).await);
    }
    let written = previous::write(&set.database, &all).expect("the old rows are taken");

    // The new version: its first command migrates.
    let program = Program::present(Path::new(LOCKGATE));
    let config = set.prepare(&program).await.expect("the new version migrates");
    let fleet = Fleet::start(program, &set.folder, &set.database, &set.settings, 1, false);
    let fleet = fleet.await.expect("the new version starts");
    // An old process that was not stopped yet still writes a row of its kind.
    let late = left(&set, cases.len(), Progress::Queued, Content::License).await;
    previous::write(&set.database, std::slice::from_ref(&late)).expect("the new schema takes old rows");
    let heads: Vec<PullRequest> = all.iter().chain([&late]).map(|left| left.pull_request.clone()).collect();
    finished(&set, &heads).await;

    // GitHub sends once more what the old version had answered: nothing is done twice.
    let webhook = fleet.webhook().expect("an address");
    for (id, left) in written.deliveries.iter().zip(&all) {
        let answer = set.stage.github.redeliver(&webhook, id, "pull_request", &left.payload).await.expect("an answer");
        assert_eq!((answer.status, answer.body.as_str()), (202, "duplicate"));
    }
    finished(&set, &heads).await;
    let expected = cases.iter().map(|(progress, content, conclusion)| (*progress, *content, *conclusion));
    let expected = expected.chain([(Progress::Queued, Content::License, "failure")]);
    for (pull, (progress, content, conclusion)) in heads.iter().zip(expected) {
        let runs = set.stage.github.check_runs(&stage::repository(0), &pull.head_sha);
        let seen: Vec<_> = runs.iter().map(|r| (r.status.as_str(), r.conclusion.as_deref())).collect();
        assert_eq!(seen, [("completed", Some(conclusion))], "{progress:?} {content:?}: {runs:?}");
    }

    // The chain that the old version began goes on.
    let bundle = set.folder.join("decisions.json").display().to_string();
    let since = "2020-01-01T00:00:00Z";
    for arguments in [&["audit", "export", "--since", since, "--out", &bundle][..], &["audit", "verify", &bundle]] {
        fleet::command(Path::new(LOCKGATE), &config, &set.database, arguments).await.expect("the chain verifies");
    }
    fleet.stop().await;
}
