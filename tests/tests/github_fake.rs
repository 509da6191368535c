//! The fake GitHub's own promises: events that the product can read, counts that a chaos run can rely on, and a door for
//! other processes.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use lockgate_github::{Event, Secret, signature};
use lockgate_tests::fake_github::{FakeGitHub, INSTALLATION, Options, Tally, sign};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const REPO: &str = "octo/hello";

async fn scene() -> FakeGitHub {
    let github = FakeGitHub::start().await.unwrap();
    github.create_repository(REPO, true).unwrap();
    github.commit_files(REPO, "main", &[("package-lock.json", "{}")]).unwrap();
    github.commit_files(REPO, "release", &[("package-lock.json", "{  }")]).unwrap();
    github.commit_files(REPO, "bump", &[("package-lock.json", "{ }")]).unwrap();
    github
}

/// As the product reads a delivery.
fn read(name: &str, payload: &Value) -> Event {
    let body = payload.to_string();
    let header = sign("s", body.as_bytes());
    let verified = signature::verify(&[Secret::from("s")], Some(&header), body.as_bytes()).unwrap();
    Event::parse(&verified, name).unwrap()
}

#[tokio::test]
async fn every_event_of_a_pull_request_s_life_is_read() {
    let github = scene().await;
    let pull = github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    let event =
        |action: &str| match read("pull_request", &github.pull_request_event(REPO, pull.number, action).unwrap()) {
            Event::PullRequest(event) => event,
            other => panic!("{other:?}"),
        };
    let opened = event("opened");
    assert_eq!((opened.head_sha.as_str(), opened.origin.installation), (pull.head_sha.as_str(), Some(INSTALLATION)));
    assert!(opened.updated_at.is_some() && opened.repository.id == github.repository_id(REPO).unwrap());

    let replaced = github.force_push(REPO, "bump", &[("package-lock.json", "{   }")]).unwrap();
    github.synchronize(REPO, pull.number).unwrap();
    let moved = event("synchronize");
    assert_eq!((moved.head_sha.as_str(), moved.before.as_deref()), (replaced.as_str(), Some(pull.head_sha.as_str())));

    github.change_base(REPO, pull.number, "release").unwrap();
    let edited = event("edited");
    assert_eq!((edited.base_ref.as_str(), edited.base_before.as_deref()), ("release", Some(pull.base_sha.as_str())));

    github.act_on_pull_request(REPO, pull.number, "converted_to_draft").unwrap();
    assert!(event("converted_to_draft").draft);
    github.act_on_pull_request(REPO, pull.number, "merged").unwrap();
    let merged = github.pull_request_event(REPO, pull.number, "merged").unwrap();
    assert_eq!((merged["action"].as_str(), merged["pull_request"]["state"].as_str()), (Some("closed"), Some("closed")));
}

#[tokio::test]
async fn the_merge_queue_builds_and_gives_up() {
    let github = scene().await;
    let pull = github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    let (base, head) = github.enqueue(REPO, pull.number).unwrap();
    let group = |action: &str| read("merge_group", &github.merge_group_event(REPO, &base, &head, action).unwrap());
    let Event::MergeGroup(asked) = group("checks_requested") else { panic!() };
    assert_eq!((asked.head_sha, asked.base_sha, asked.reason), (head.clone(), base.clone(), None));
    let Event::MergeGroup(given_up) = group("destroyed") else { panic!() };
    assert_eq!((given_up.action.as_str(), given_up.reason.as_deref()), ("destroyed", Some("dequeued")));
}

#[tokio::test]
async fn checks_are_asked_for_again_without_naming_pull_requests() {
    let github = scene().await;
    let sha = github.tip(REPO, "bump").unwrap();
    let run = github.forge_check_run(REPO, &json!({"name": "Lockgate", "head_sha": sha})).unwrap();
    let Event::CheckSuite(suite) = read("check_suite", &github.check_suite_event(REPO, &sha, "rerequested").unwrap())
    else {
        panic!()
    };
    assert!(suite.pull_requests.is_empty() && suite.head_sha == sha);
    let pressed = github.check_run_event(REPO, run, "requested_action", Some("waive")).unwrap();
    let Event::CheckRun(pressed) = read("check_run", &pressed) else { panic!() };
    assert_eq!((pressed.requested_action.as_deref(), pressed.origin.sender.as_deref()), (Some("waive"), Some("mona")));
}

#[tokio::test]
async fn installations_and_repositories_come_and_go() {
    let github = scene().await;
    github.create_uncovered_repository("mona/tools", false).unwrap();
    let (id, created) = github.install("mona", &["mona/tools"]).unwrap();
    let Event::Installation(created) = read("installation", &created) else { panic!() };
    assert_eq!((created.id, created.account.as_str(), created.repositories.len()), (id, "mona", 1));
    for (action, payload) in
        [("suspend", github.suspend(id)), ("unsuspend", github.unsuspend(id)), ("deleted", github.uninstall(id))]
    {
        let event = read("installation", &payload.unwrap());
        assert_eq!((event.action(), event.installation()), (Some(action), Some(id)));
    }
    let removed = github.select_repositories(INSTALLATION, &[], &[REPO]).unwrap();
    let Event::InstallationRepositories(removed) = read("installation_repositories", &removed) else { panic!() };
    assert_eq!((removed.action.as_str(), removed.removed[0].full_name.as_str()), ("removed", REPO));

    let Event::Repository(renamed) = read("repository", &github.rename_repository(REPO, "octo/bye").unwrap()) else {
        panic!()
    };
    assert_eq!((renamed.action.as_str(), renamed.previous_name.as_deref()), ("renamed", Some(REPO)));
    let moved = github.rename_repository("octo/bye", "mona/bye").unwrap();
    let Event::Repository(moved) = read("repository", &moved) else { panic!() };
    assert_eq!((moved.action.as_str(), moved.previous_name.as_deref()), ("transferred", Some("octo/bye")));
    assert_eq!((moved.repository.id, moved.repository.full_name.as_str()), (renamed.repository.id, "mona/bye"));
    for action in ["archived", "unarchived", "deleted"] {
        let event = read("repository", &github.act_on_repository("mona/bye", action).unwrap());
        assert_eq!(event.action(), Some(action));
    }
    assert!(github.tip("mona/bye", "main").is_err());
}

/// Chaos runs make hundreds of pull requests; the fake must not be what they wait for.
#[tokio::test]
async fn two_hundred_pull_requests_take_seconds() {
    let github = scene().await;
    let started = Instant::now();
    for n in 0..200 {
        let branch = format!("bump-{n}");
        github.commit_files(REPO, &branch, &[("package-lock.json", &branch)]).unwrap();
        github.open_pull_request(REPO, REPO, &branch, "main").unwrap();
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(60), "200 pull requests took {took:?}");
}

/// The door for other processes does what the calls do.
#[tokio::test]
async fn the_control_door_plays_the_whole_part() {
    let target = "http://127.0.0.1:9/".parse().unwrap();
    let github = FakeGitHub::start_with(Options { target: Some(target), ..Options::default() }).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = github.clone_url("x").join("/_control/").unwrap();
    let tell = async |path: &str, body: Value| {
        let answer = client.post(base.join(path).unwrap()).json(&body).send().await.unwrap();
        let (status, answer) = (answer.status(), answer.json::<Value>().await.unwrap());
        assert!(status.is_success(), "{path}: {answer}");
        answer
    };
    let hear =
        async |path: &str| client.get(base.join(path).unwrap()).send().await.unwrap().json::<Value>().await.unwrap();
    tell("repositories", json!({"name": REPO, "private": true})).await;
    for branch in ["main", "release", "bump"] {
        tell("commits", json!({"repo": REPO, "branch": branch, "files": {"package-lock.json": branch}})).await;
    }
    let opened =
        tell("pull-requests", json!({"repo": REPO, "head_ref": "bump", "base_ref": "main", "draft": true})).await;
    let number = opened["pull_request"]["number"].clone();
    assert_eq!(opened["delivery"]["status"], 0);
    let which = json!({"repo": REPO, "number": number});
    tell("commits", json!({"repo": REPO, "branch": "bump", "files": {"a": "b"}, "force": true})).await;
    tell("pull-requests/synchronize", which.clone()).await;
    tell("pull-requests/base", json!({"repo": REPO, "number": number, "base_ref": "release"})).await;
    tell("pull-requests/act", json!({"repo": REPO, "number": number, "action": "ready_for_review"})).await;
    let group = tell("merge-groups", which).await;
    let (head, base_sha) = (group["head_sha"].clone(), group["base_sha"].clone());
    tell("merge-groups/destroy", json!({"repo": REPO, "head_sha": head, "base_sha": base_sha})).await;
    tell("installations", json!({"account": "mona", "repositories": []})).await;
    tell("installations/act", json!({"id": INSTALLATION, "action": "suspend"})).await;
    tell("installations/act", json!({"id": INSTALLATION, "action": "unsuspend"})).await;
    tell("installations/select", json!({"id": INSTALLATION, "removed": [REPO]})).await;
    tell("installations/select", json!({"id": INSTALLATION, "added": [REPO]})).await;
    tell("repositories/rename", json!({"repo": REPO, "to": "octo/bye"})).await;
    tell("repositories/act", json!({"repo": "octo/bye", "action": "archived"})).await;
    tell("deliveries/lose", json!({"count": 2})).await;
    tell("faults", json!({"count": 3, "path": "check-runs", "kind": "status", "status": 403, "retry_after": 7})).await;
    client.delete(base.join("faults").unwrap()).send().await.unwrap();
    let log = hear("deliveries").await;
    assert_eq!(log.as_array().unwrap().len(), 13, "{log}");
    assert_eq!(hear("tallies?repo=octo/bye").await, json!({}));
    assert_eq!(hear("installations").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn completions_are_counted_by_commit() {
    let github = scene().await;
    let sha = github.tip(REPO, "bump").unwrap();
    assert_eq!(github.tallies(REPO).get(&sha), None);
    // A run of another App is no answer of ours.
    github.forge_check_run(REPO, &json!({"name": "Lockgate", "head_sha": sha, "conclusion": "success"})).unwrap();
    assert_eq!(github.tallies(REPO).get(&sha).copied().unwrap_or_default(), Tally::default());
}
