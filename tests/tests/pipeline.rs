//! Through the door: a signed webhook in, one final check run out.

use lockgate_model::Ecosystem;
use lockgate_tests::{
    app::{REPO, TestApp, advisory},
    registry::{Fault, Package, lockfile},
};

const CRITICAL: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
const LOCK: &str = "web/package-lock.json";

fn npm(app: &TestApp, packages: &[&Package]) -> String {
    lockfile(Ecosystem::Npm, app.registries.base(), packages)
}

/// A server whose repository pins `left-pad 1.0.0`, which the registry serves.
async fn with_base() -> (TestApp, Package) {
    let app = TestApp::start().await;
    let base = Package::npm("left-pad", "1.0.0");
    app.registries.publish(&base);
    app.repository(&[(LOCK, &npm(&app, &[&base])), ("README.md", "# Shop\n")]);
    (app, base)
}

fn summary(run: &lockgate_tests::fake_github::CheckRun) -> &str {
    run.summary.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn a_harmless_bump_is_allowed() {
    let (app, _) = with_base().await;
    let next = Package::npm("left-pad", "1.0.1");
    app.registries.publish(&next);
    let run = app.judge("bump", &[(LOCK, &npm(&app, &[&next]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{}", summary(&run));
    assert_eq!(run.title.as_deref(), Some("1 release allowed"));
    assert_eq!(run.completions, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_change_without_lockfiles_succeeds_and_says_so() {
    let (app, _) = with_base().await;
    let run = app.judge("docs", &[("README.md", "# Shop\n\nMore.\n")]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"));
    assert_eq!(run.title.as_deref(), Some("No lockfile changes"));
    app.finish().await;
}

#[tokio::test]
async fn a_removed_release_needs_no_evidence() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&extra);
    app.github.commit_files(REPO, "main", &[(LOCK, &npm(&app, &[&base, &extra]))]).unwrap();
    let run = app.judge("drop", &[(LOCK, &npm(&app, &[&base]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn one_flipped_byte_is_denied() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&extra);
    app.registries.fail("is-odd-3.0.0.tgz", Fault::FlipByte, 100);
    let run = app.judge("add", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("npm is-odd 3.0.0"), "{}", summary(&run));
    assert!(run.annotations.iter().any(|a| a["path"] == LOCK), "{:?}", run.annotations);
    app.finish().await;
}

#[tokio::test]
async fn a_digest_changed_in_the_lockfile_is_denied() {
    let (app, base) = with_base().await;
    let changed = npm(&app, &[&base]).replace(&base.integrity(), &Package::npm("other", "1.0.0").integrity());
    let run = app.judge("repin", &[(LOCK, &changed)]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("npm left-pad 1.0.0"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_republished_release_is_denied() {
    let (app, base) = with_base().await;
    let first = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&first);
    let run = app.judge("first", &[(LOCK, &npm(&app, &[&base, &first]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{}", summary(&run));
    let again = first.clone().file("more.js", "module.exports = 1;\n");
    app.registries.publish(&again);
    let run = app.judge("second", &[(LOCK, &npm(&app, &[&base, &again]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("npm is-odd 3.0.0"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_licence_outside_the_policy_is_denied() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    app.registries.publish(&extra);
    let run = app.judge("add", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("AGPL-3.0-only"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_critical_advisory_is_denied_and_names_the_fix() {
    let (app, base) = with_base().await;
    app.import_advisories(&[advisory("GHSA-1111-1111-1111", "npm", "is-odd", "3.0.1", CRITICAL)]).await;
    let extra = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&extra);
    let run = app.judge("add", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("GHSA-1111-1111-1111") && summary(&run).contains("3.0.1"), "{}", summary(&run));
    app.finish().await;
}

/// What was read before the import is in memory.
#[tokio::test]
async fn an_import_counts_from_the_next_check_on() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&extra);
    let before = app.judge("before", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    assert_eq!(before.conclusion.as_deref(), Some("success"), "{}", summary(&before));
    app.import_advisories(&[advisory("GHSA-1111-1111-1111", "npm", "is-odd", "3.0.1", CRITICAL)]).await;
    let files = [(LOCK, npm(&app, &[&base, &extra])), ("README", "another commit".to_owned())];
    let after = app.judge("after", &files.each_ref().map(|(path, text)| (*path, text.as_str()))).await;
    assert_eq!(after.conclusion.as_deref(), Some("failure"), "{}", summary(&after));
    app.finish().await;
}

#[tokio::test]
async fn an_install_hook_that_appears_is_denied_with_its_line() {
    let (app, _) = with_base().await;
    let next = Package::npm("left-pad", "1.0.1").script("preinstall", "node setup.js");
    app.registries.publish(&next);
    let run = app.judge("bump", &[(LOCK, &npm(&app, &[&next]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("package.json:"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_registry_that_is_down_leaves_the_check_incomplete_and_blocking() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&extra);
    app.registries.fail("is-odd", Fault::Status(503), 1000);
    let run = app.judge("add", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    assert!(summary(&run).contains("503"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_registry_that_recovers_is_asked_again() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&extra);
    app.registries.fail("is-odd-3.0.0.tgz", Fault::Truncate, 1);
    let run = app.judge("add", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn html_instead_of_metadata_is_incomplete() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&extra);
    app.registries.fail("/npm/is-odd", Fault::Html, 1000);
    let run = app.judge("add", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_registry_that_hangs_is_incomplete() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&extra);
    app.registries.fail("/npm/is-odd", Fault::Hang, 1000);
    let run = app.judge("add", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_malformed_lockfile_is_incomplete_with_its_position() {
    let (app, base) = with_base().await;
    let broken = npm(&app, &[&base]).replacen("\"packages\"", "<<<<<<< HEAD\n\"packages\"", 1);
    let run = app.judge("merge", &[(LOCK, &broken)]).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    assert!(summary(&run).contains(LOCK), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn without_an_advisory_feed_nothing_passes() {
    let app = TestApp::start_without_feed().await;
    let base = Package::npm("left-pad", "1.0.0");
    app.registries.publish(&base);
    app.repository(&[("README.md", "# Shop\n")]);
    let run = app.judge("add", &[(LOCK, &npm(&app, &[&base]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    assert!(summary(&run).contains("advisories import"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn all_three_ecosystems_in_one_pull_request() {
    let (app, _) = with_base().await;
    let packages = [
        Package::npm("@scope/is-odd", "3.0.0"),
        Package::new(Ecosystem::Pypi, "six-tools", "1.2.0"),
        Package::new(Ecosystem::Cargo, "itoa-like", "1.0.0"),
    ];
    packages.iter().for_each(|p| app.registries.publish(p));
    let [web, api, tools] = &packages;
    let base = app.registries.base();
    let run = app
        .judge(
            "all",
            &[
                (LOCK, &lockfile(Ecosystem::Npm, base, &[web])),
                ("api/requirements.txt", &lockfile(Ecosystem::Pypi, base, &[api])),
                ("tools/Cargo.lock", &lockfile(Ecosystem::Cargo, base, &[tools])),
            ],
        )
        .await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_duplicate_delivery_does_nothing_twice() {
    let (app, _) = with_base().await;
    let next = Package::npm("left-pad", "1.0.1");
    app.registries.publish(&next);
    app.github.commit_files(REPO, "bump", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let pull = app.github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    let payload = app.github.pull_request_event(REPO, pull.number, "opened").unwrap();
    for expected in ["accepted", "duplicate", "duplicate"] {
        let delivered = app
            .github
            .redeliver(&app.webhook(), "72d3162e-cc78-11e3-81ab-4c9367dc0958", "pull_request", &payload)
            .await
            .unwrap();
        assert_eq!((delivered.status, delivered.body.as_str()), (202, expected));
    }
    let run = app.completed(&pull.head_sha).await;
    assert_eq!(run.completions, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_delivery_with_a_wrong_signature_leaves_no_trace() {
    let (app, _) = with_base().await;
    let answer = reqwest::Client::new()
        .post(app.webhook())
        .header("x-github-event", "pull_request")
        .header("x-github-delivery", "1")
        .header("x-hub-signature-256", format!("sha256={}", "0".repeat(64)))
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert!(lockgate_store::deliveries::get(app.store().pool(), &"1".parse().unwrap()).await.unwrap().is_none());
    app.finish().await;
}

#[tokio::test]
async fn the_same_bump_elsewhere_fetches_no_artifact_again() {
    let (app, _) = with_base().await;
    let next = Package::npm("left-pad", "1.0.1");
    app.registries.publish(&next);
    app.judge("one", &[(LOCK, &npm(&app, &[&next]))]).await;
    let fetched = |app: &TestApp| app.registries.requests().iter().filter(|path| path.ends_with(".tgz")).count();
    let before = fetched(&app);
    let run = app.judge("two", &[(LOCK, &npm(&app, &[&next])), ("README.md", "# Shop two\n")]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"));
    assert_eq!(fetched(&app), before, "evidence is keyed by content and shared");
    app.finish().await;
}

#[tokio::test]
async fn a_rerun_answers_on_the_same_head() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0");
    app.registries.publish(&extra);
    app.registries.fail("is-odd", Fault::Status(503), 4);
    let first = app.judge("add", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    assert_eq!(first.conclusion.as_deref(), Some("action_required"), "{}", summary(&first));
    app.registries.recover();
    let payload = app.github.check_run_event(REPO, first.id, "rerequested", None).unwrap();
    let delivered = app.github.deliver(&app.webhook(), "check_run", &payload).await.unwrap();
    assert_eq!(delivered.status, 202, "{}", delivered.body);
    let again = app.completed_again(&first).await;
    assert_eq!((again.id, again.conclusion.as_deref()), (first.id, Some("success")), "{}", summary(&again));
    app.finish().await;
}

#[tokio::test]
async fn a_push_to_the_default_branch_is_judged() {
    let (app, _) = with_base().await;
    let before = app.github.tip(REPO, "main").unwrap();
    let next = Package::npm("left-pad", "1.0.1");
    app.registries.publish(&next);
    let after = app.github.commit_files(REPO, "main", &[(LOCK, &npm(&app, &[&next]))]).unwrap();
    let payload = app.github.push_event(REPO, "main", Some(&before), Some(&after)).unwrap();
    let delivered = app.github.deliver(&app.webhook(), "push", &payload).await.unwrap();
    assert_eq!(delivered.status, 202, "{}", delivered.body);
    let run = app.completed(&after).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn pages_api_and_health_answer() {
    let (app, base) = with_base().await;
    let extra = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    app.registries.publish(&extra);
    let run = app.judge("add", &[(LOCK, &npm(&app, &[&base, &extra]))]).await;
    let page = run.details_url.clone().expect("a completed run links to its page");
    let path = page.strip_prefix(app.base.as_str()).expect("the page lies under the public address");
    let (status, body) = app.get(path).await;
    assert_eq!(status, 200);
    assert!(body.contains("is-odd") && body.contains("AGPL-3.0-only") && !body.contains("<script"), "{body}");
    assert_eq!(app.get("").await.0, 200);
    let (status, report) = app.get(&format!("api/v1/repos/{REPO}/commits/{}/decision", run.head_sha)).await;
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&report).unwrap()["outcome"], "deny");
    for (path, part) in [
        ("healthz", "ok"),
        ("readyz", "ready"),
        ("metrics", "lockgate_decisions_total"),
        ("openapi.json", "/api/v1/decisions"),
        ("api/v1/schemas", "facts/checksum"),
    ] {
        let (status, body) = app.get(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(body.contains(part), "{path}: {body}");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_merge_queue_is_judged_on_its_own_base_and_head() {
    let (app, _) = with_base().await;
    let denied = Package::npm("left-pad", "1.0.1").license(Some("AGPL-3.0-only"));
    app.registries.publish(&denied);
    app.github.commit_files(REPO, "bump", &[(LOCK, &npm(&app, &[&denied]))]).unwrap();
    let pull = app.github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    let (base, head) = app.github.enqueue(REPO, pull.number).unwrap();
    let payload = app.github.merge_group_event(REPO, &base, &head, "checks_requested").unwrap();
    let delivered = app.github.deliver(&app.webhook(), "merge_group", &payload).await.unwrap();
    assert_eq!(delivered.status, 202, "{}", delivered.body);
    let run = app.completed(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn events_that_ask_nothing_are_acknowledged_and_recorded() {
    let (app, _) = with_base().await;
    for (event, payload) in
        [("ping", app.github.ping_event()), ("installation", app.github.installation_event("created"))]
    {
        let delivered = app.github.deliver(&app.webhook(), event, &payload).await.unwrap();
        assert_eq!(delivered.status, 202, "{event}: {}", delivered.body);
        let kept = lockgate_store::deliveries::get(app.store().pool(), &delivered.id.parse().unwrap()).await.unwrap();
        assert_eq!(kept.expect("the delivery is recorded").event, event);
    }
    app.finish().await;
}
