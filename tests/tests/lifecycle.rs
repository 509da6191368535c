//! GitHub's contract: every head gets exactly one final check run, whatever happens meanwhile and in whatever order.

use lockgate_model::Ecosystem;
use lockgate_store::{jobs, waivers};
use lockgate_tests::{
    app::{REPO, TestApp},
    fake_github::{CheckRun, Fault, FaultTiming, INSTALLATION, sign},
    registry::{Fault as RegistryFault, Package, lockfile},
};
use serde_json::Value;
use std::time::Duration;

const LOCK: &str = "package-lock.json";

fn npm(app: &TestApp, packages: &[&Package]) -> String {
    lockfile(Ecosystem::Npm, app.registries.base(), packages)
}

/// A server with left-pad 1.0.0 on `main`, and 1.0.1 published.
async fn start() -> (TestApp, Package, Package) {
    start_with(|_| {}).await
}

async fn start_with(change: impl FnOnce(&mut lockgate_gate::config::Config)) -> (TestApp, Package, Package) {
    let app = TestApp::start_with_feed(change).await;
    let (base, next) = (Package::npm("left-pad", "1.0.0"), Package::npm("left-pad", "1.0.1"));
    app.registries.publish(&base);
    app.registries.publish(&next);
    app.repository(&[(LOCK, &npm(&app, &[&base]))]);
    (app, base, next)
}

async fn send(app: &TestApp, event: &str, payload: &Value) {
    let delivered = app.github.deliver(&app.webhook(), event, payload).await.expect("what the test needs is there");
    assert_eq!(delivered.status, 202, "{event}: {}", delivered.body);
}

async fn tell_of_pull(app: &TestApp, number: u64, action: &str) {
    let payload = app.github.pull_request_event(REPO, number, action).expect("what the test needs is there");
    send(app, "pull_request", &payload).await;
}

fn conclusion(run: &CheckRun) -> &str {
    run.conclusion.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn a_force_push_closes_the_old_head_and_judges_the_new_one() {
    let (app, base, next) = start().await;
    let slow = Package::npm("slow", "1.0.0");
    app.registries.publish(&slow);
    app.registries.fail("slow", RegistryFault::Hang, 50);
    let pull = app.open("bump", &[(LOCK, &npm(&app, &[&base, &slow]))]).await;
    app.until(|app| app.github.check_runs(REPO, &pull.head_sha).len() == 1).await;
    app.github.force_push(REPO, "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let moved = app.github.synchronize(REPO, pull.number).unwrap();
    tell_of_pull(&app, pull.number, "synchronize").await;
    let new = app.completed(&moved.head_sha).await;
    assert_eq!(conclusion(&new), "success", "{:?}", new.summary);
    let old = app.completed(&pull.head_sha).await;
    assert_eq!((conclusion(&old), old.title.as_deref()), ("cancelled", Some("Superseded by a newer commit")));
    app.finish().await;
}

#[tokio::test]
async fn an_event_that_comes_late_does_not_take_the_newest_heads_place() {
    let (app, _, next) = start().await;
    app.github.commit_files(REPO, "bump", &[("README.md", "first")]).unwrap();
    let first = app.github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    let opened = app.github.pull_request_event(REPO, first.number, "opened").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    app.github.commit_files(REPO, "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let second = app.github.synchronize(REPO, first.number).unwrap();
    tell_of_pull(&app, first.number, "synchronize").await;
    send(&app, "pull_request", &opened).await;
    assert_eq!(conclusion(&app.completed(&second.head_sha).await), "success");
    assert_eq!(conclusion(&app.completed(&first.head_sha).await), "cancelled");
    app.finish().await;
}

#[tokio::test]
async fn a_change_without_lockfiles_succeeds_in_one_look() {
    let (app, ..) = start().await;
    let run = app.judge("docs", &[("README.md", "# Shop")]).await;
    assert_eq!(conclusion(&run), "success");
    assert!(run.summary.as_deref().unwrap().contains("No lockfile changes"), "{:?}", run.summary);
    app.finish().await;
}

#[tokio::test]
async fn a_new_title_asks_nothing_and_a_new_base_asks_again() {
    let (app, _, next) = start().await;
    let pull = app.open("bump", &[(LOCK, &npm(&app, &[&next]))]).await;
    let (number, run) = (pull.number, app.completed(&pull.head_sha).await);
    let mut titled = app.github.pull_request_event(REPO, number, "edited").unwrap();
    titled["changes"] = serde_json::json!({"title": {"from": "old"}});
    send(&app, "pull_request", &titled).await;
    assert_eq!(app.completed(&run.head_sha).await.completions, run.completions, "nothing was asked");

    // On the other base the same head brings in a release that is denied.
    let denied = Package::npm("left-pad", "0.9.0").license(Some("AGPL-3.0-only"));
    app.registries.publish(&denied);
    app.github.commit_files(REPO, "older", &[(LOCK, &npm(&app, &[]))]).unwrap();
    app.github.change_base(REPO, number, "older").unwrap();
    tell_of_pull(&app, number, "edited").await;
    let again = app.completed_again(&run).await;
    assert_eq!((again.id, conclusion(&again)), (run.id, "success"));
    app.finish().await;
}

#[tokio::test]
async fn a_fork_and_a_draft_are_judged_like_any_other() {
    let (app, _, next) = start().await;
    app.github.fork_repository(REPO, "mona/shop").unwrap();
    app.github.commit_files("mona/shop", "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let pull = app.github.open_pull_request(REPO, "mona/shop", "bump", "main").unwrap();
    app.github.act_on_pull_request(REPO, pull.number, "converted_to_draft").unwrap();
    tell_of_pull(&app, pull.number, "opened").await;
    assert_eq!(conclusion(&app.completed(&pull.head_sha).await), "success");
    app.finish().await;
}

#[tokio::test]
async fn a_rerun_of_a_head_that_was_never_heard_of_is_resolved_by_its_sha() {
    let (app, _, next) = start().await;
    app.github.fork_repository(REPO, "mona/shop").unwrap();
    app.github.commit_files("mona/shop", "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let pull = app.github.open_pull_request(REPO, "mona/shop", "bump", "main").unwrap();
    let payload = app.github.check_suite_event(REPO, &pull.head_sha, "rerequested").unwrap();
    assert_eq!(payload["check_suite"]["pull_requests"], serde_json::json!([]), "as GitHub sends it for forks");
    send(&app, "check_suite", &payload).await;
    assert_eq!(conclusion(&app.completed(&pull.head_sha).await), "success");
    app.finish().await;
}

#[tokio::test]
async fn two_pull_requests_with_one_head_share_the_strictest_answer() {
    let (app, base, _) = start().await;
    let denied = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    app.registries.publish(&denied);
    let lock = npm(&app, &[&base, &denied]);
    app.github.commit_files(REPO, "already", &[(LOCK, &lock)]).unwrap();
    let head = app.github.commit_files(REPO, "bump", &[(LOCK, &lock), ("README.md", "both")]).unwrap();
    let mut numbers = Vec::new();
    for base in ["main", "already"] {
        numbers.push(app.github.open_pull_request(REPO, REPO, "bump", base).unwrap().number);
    }
    for number in numbers {
        tell_of_pull(&app, number, "opened").await;
    }
    let run = app.completed(&head).await;
    assert_eq!(conclusion(&run), "failure", "{:?}", run.summary);
    assert!(run.summary.as_deref().unwrap().contains("2 pull requests or bases"), "{:?}", run.summary);
    app.finish().await;
}

#[tokio::test]
async fn a_merge_group_that_is_taken_apart_is_closed() {
    let (app, base, _) = start().await;
    let slow = Package::npm("slow", "1.0.0");
    app.registries.publish(&slow);
    app.registries.fail("slow", RegistryFault::Hang, 50);
    app.github.commit_files(REPO, "bump", &[(LOCK, &npm(&app, &[&base, &slow]))]).unwrap();
    let pull = app.github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    let (base_sha, head) = app.github.enqueue(REPO, pull.number).unwrap();
    for action in ["checks_requested", "destroyed"] {
        let payload = app.github.merge_group_event(REPO, &base_sha, &head, action).unwrap();
        send(&app, "merge_group", &payload).await;
        app.until(|app| app.github.check_runs(REPO, &head).len() == 1).await;
    }
    assert_eq!(conclusion(&app.completed(&head).await), "cancelled");
    app.finish().await;
}

#[tokio::test]
async fn a_renamed_repository_is_found_under_its_new_name() {
    let (app, _, next) = start().await;
    app.github.commit_files(REPO, "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let pull = app.github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    let opened = app.github.pull_request_event(REPO, pull.number, "opened").unwrap();
    app.github.rename_repository(REPO, "octo/store").unwrap();
    // Sent before the rename, delivered after it: the old name is gone.
    send(&app, "pull_request", &opened).await;
    app.until(|app| app.github.check_runs("octo/store", &pull.head_sha).iter().any(|r| r.status == "completed")).await;
    let runs = app.github.check_runs("octo/store", &pull.head_sha);
    assert_eq!((runs.len(), conclusion(&runs[0])), (1, "success"), "{:?}", runs[0].summary);
    app.finish().await;
}

#[tokio::test]
async fn a_commit_that_cannot_be_read_yet_is_waited_for() {
    let (app, _, next) = start().await;
    let sha = app.github.commit_hidden(REPO, "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let before = app.github.tip(REPO, "main").unwrap();
    let payload = app.github.push_event(REPO, "main", Some(&before), Some(&sha)).unwrap();
    send(&app, "push", &payload).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(app.github.check_runs(REPO, &sha).is_empty());
    app.github.publish(REPO, "bump", &sha).unwrap();
    assert_eq!(conclusion(&app.completed(&sha).await), "success");
    app.finish().await;
}

#[tokio::test]
async fn an_unfinished_check_meets_its_deadline_incomplete() {
    let (app, base, _) = start_with(|config| {
        config.work.deadline_seconds = 3;
        config.work.sweep_seconds = 1;
        config.work.registry_seconds = 30;
    })
    .await;
    let slow = Package::npm("slow", "1.0.0");
    app.registries.publish(&slow);
    app.registries.fail("slow", RegistryFault::Hang, 50);
    let pull = app.open("bump", &[(LOCK, &npm(&app, &[&base, &slow]))]).await;
    app.until(|app| app.github.check_runs(REPO, &pull.head_sha).iter().any(|r| r.status == "completed")).await;
    let run = app.github.check_runs(REPO, &pull.head_sha).remove(0);
    assert_eq!(conclusion(&run), "action_required");
    assert!(run.summary.as_deref().unwrap().contains("deadline"), "{:?}", run.summary);
    app.finish().await;
}

#[tokio::test]
async fn a_lost_delivery_is_read_from_the_log() {
    let (app, _, next) = start_with(|config| config.work.compare_deliveries_seconds = 1).await;
    app.github.commit_files(REPO, "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let pull = app.github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    let payload = app.github.pull_request_event(REPO, pull.number, "opened").unwrap();
    app.github.lose_deliveries(1);
    let lost = app.github.deliver(&app.webhook(), "pull_request", &payload).await;
    assert!(lost.is_err() || lost.unwrap().status != 202);
    app.until(|app| app.github.check_runs(REPO, &pull.head_sha).iter().any(|r| r.status == "completed")).await;
    assert_eq!(conclusion(&app.github.check_runs(REPO, &pull.head_sha)[0]), "success");
    app.finish().await;
}

#[tokio::test]
async fn an_installation_that_comes_or_comes_back_gets_its_open_pull_requests_judged() {
    let (app, _, next) = start().await;
    app.github.commit_files(REPO, "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let pull = app.github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    send(&app, "installation", &app.github.suspend(INSTALLATION).unwrap()).await;
    app.idle().await;
    // A delivery that was on its way: nobody may be told, and nothing is lost.
    tell_of_pull(&app, pull.number, "opened").await;
    app.idle().await;
    assert!(app.github.check_runs(REPO, &pull.head_sha).is_empty());
    send(&app, "installation", &app.github.unsuspend(INSTALLATION).unwrap()).await;
    assert_eq!(conclusion(&app.completed(&pull.head_sha).await), "success");
    app.finish().await;
}

#[tokio::test]
async fn the_buttons_ask_again_and_request_a_waiver_that_ends() {
    let (app, base, _) = start().await;
    let denied = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    app.registries.publish(&denied);
    let run = app.judge("bump", &[(LOCK, &npm(&app, &[&base, &denied]))]).await;
    assert_eq!(conclusion(&run), "failure");
    let labels: Vec<&str> = run.actions.iter().filter_map(|a| a["label"].as_str()).collect();
    assert_eq!(labels, ["Ask again", "Request a waiver"]);

    let press = |identifier| app.github.check_run_event(REPO, run.id, "requested_action", Some(identifier)).unwrap();
    send(&app, "check_run", &press("request-waiver")).await;
    app.idle().await;
    let asked = waivers::list(app.store().pool(), chrono::Utc::now()).await.unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].purl, "pkg:npm/is-odd@3.0.0");
    app.grant(asked[0].id).await;

    send(&app, "check_run", &press("ask-again")).await;
    let again = app.completed_again(&run).await;
    assert_eq!((again.id, conclusion(&again)), (run.id, "success"), "{:?}", again.summary);
    app.finish().await;
}

#[tokio::test]
async fn a_lost_answer_posts_no_second_run() {
    let (app, _, next) = start().await;
    app.github.fail_next(1, "POST /repos/octo/shop/check-runs", FaultTiming::After, Fault::Status(502, Vec::new()));
    let run = app.judge("bump", &[(LOCK, &npm(&app, &[&next]))]).await;
    assert_eq!(conclusion(&run), "success");
    assert_eq!(app.github.check_runs(REPO, &run.head_sha).len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_and_counts_as_no_attempt() {
    let (app, _, next) = start().await;
    app.github.fail_next(1, "/check-runs", FaultTiming::Before, Fault::rate_limited(2));
    let run = app.judge("bump", &[(LOCK, &npm(&app, &[&next]))]).await;
    assert_eq!(conclusion(&run), "success");
    app.finish().await;
}

#[tokio::test]
async fn what_needs_no_artifact_is_shown_before_the_artifact_is_there() {
    let (app, base, _) = start_with(|config| config.work.registry_seconds = 5).await;
    let denied = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    app.registries.publish(&denied);
    app.registries.fail("is-odd-3.0.0.tgz", RegistryFault::Hang, 1);
    let pull = app.open("bump", &[(LOCK, &npm(&app, &[&base, &denied]))]).await;
    let early = |run: &CheckRun| run.title.as_deref().is_some_and(|t| t.starts_with("So far 1 of 1 releases denied"));
    app.until(|app| app.github.check_runs(REPO, &pull.head_sha).iter().any(early)).await;
    assert_eq!(app.github.check_runs(REPO, &pull.head_sha)[0].status, "in_progress");
    assert_eq!(conclusion(&app.completed(&pull.head_sha).await), "failure");
    app.finish().await;
}

#[tokio::test]
async fn a_new_webhook_secret_and_a_new_app_key_need_no_restart() {
    let (app, _, next) = start().await;
    let key = app.github.add_private_key();
    std::fs::write(app.folder().join("app.pem"), key).unwrap();
    app.github.delete_old_private_keys();
    app.github.revoke_tokens();
    std::fs::write(app.folder().join("webhook"), "another secret of the tests\n").unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    app.github.commit_files(REPO, "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let pull = app.github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    let body = app.github.pull_request_event(REPO, pull.number, "opened").unwrap().to_string();
    let post = |secret: &str| {
        reqwest::Client::new()
            .post(app.webhook())
            .header("x-github-event", "pull_request")
            .header("x-github-delivery", "rotated")
            .header("x-hub-signature-256", sign(secret, body.as_bytes()))
            .body(body.clone())
            .send()
    };
    assert_eq!(post(app.github.webhook_secret()).await.unwrap().status().as_u16(), 401, "the old one is out");
    assert_eq!(post("another secret of the tests").await.unwrap().status().as_u16(), 202);
    assert_eq!(conclusion(&app.completed(&pull.head_sha).await), "success");
    app.finish().await;
}

#[tokio::test]
async fn a_job_that_was_lost_is_started_again() {
    let (app, _, next) = start_with(|config| config.work.sweep_seconds = 1).await;
    app.registries.fail("left-pad", RegistryFault::Hang, 1);
    let pull = app.open("bump", &[(LOCK, &npm(&app, &[&next]))]).await;
    app.until(|app| app.github.check_runs(REPO, &pull.head_sha).len() == 1).await;
    // Somebody empties the queue by hand.
    app.delete_jobs().await;
    assert_eq!(conclusion(&app.completed(&pull.head_sha).await), "success");
    assert!(jobs::unfinished(app.store().pool()).await.unwrap() <= 1);
    app.finish().await;
}
