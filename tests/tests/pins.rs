//! Pins through the door: edited lockfiles, look-alikes, and what comes in without a lockfile.

use lockgate_model::Ecosystem;
use lockgate_tests::{
    app::TestApp,
    fake_github::CheckRun,
    registry::{Package, lockfile},
};

const LOCK: &str = "web/package-lock.json";
const MANIFEST: &str = "web/package.json";
const WORKFLOW: &str = ".github/workflows/ci.yml";

fn npm(app: &TestApp, packages: &[&Package]) -> String {
    lockfile(Ecosystem::Npm, app.registries.base(), packages)
}

/// A server whose repository pins `left-pad 1.0.0`, asks for `^1.0.0` of it, and uses one action by its commit.
async fn with_base() -> (TestApp, Package) {
    let app = TestApp::start().await;
    let base = Package::npm("left-pad", "1.0.0");
    app.registries.publish(&base);
    app.repository(&[
        (LOCK, &npm(&app, &[&base])),
        (MANIFEST, "{\n  \"dependencies\": {\n    \"left-pad\": \"^1.0.0\"\n  }\n}\n"),
        (WORKFLOW, &workflow(&"1".repeat(40), "v4.1.0")),
    ]);
    (app, base)
}

fn workflow(version: &str, comment: &str) -> String {
    format!("on: push\njobs:\n  build:\n    steps:\n      - uses: actions/checkout@{version} # {comment}\n")
}

fn summary(run: &CheckRun) -> &str {
    run.summary.as_deref().unwrap_or_default()
}

/// Whether an annotation on this line has this code for its title.
fn annotated(run: &CheckRun, path: &str, line: u64, code: &str) -> bool {
    run.annotations.iter().any(|a| {
        a["path"] == path && a["start_line"] == line && a["title"].as_str().is_some_and(|title| title.ends_with(code))
    })
}

#[tokio::test]
async fn an_address_of_another_package_is_denied() {
    let (app, base) = with_base().await;
    let changed = npm(&app, &[&base]).replace("/left-pad/-/left-pad-1.0.0.tgz", "/evil/-/evil-1.0.0.tgz");
    let run = app.judge("readdress", &[(LOCK, &changed)]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("its address is that of evil"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_version_that_the_manifest_does_not_ask_for_is_incomplete() {
    let (app, _) = with_base().await;
    let next = Package::npm("left-pad", "2.0.0");
    app.registries.publish(&next);
    let run = app.judge("outside", &[(LOCK, &npm(&app, &[&next]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    let said = "web/package.json:3 asks for left-pad ^1.0.0, and the lockfile pins 2.0.0";
    assert!(summary(&run).contains(said), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_name_that_is_read_for_a_popular_one_is_denied() {
    let (app, base) = with_base().await;
    let squat = Package::npm("lodahs", "4.0.0");
    app.registries.publish(&squat);
    let run = app.judge("squat", &[(LOCK, &npm(&app, &[&base, &squat]))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("did you mean lodash?"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn an_action_by_its_tag_is_incomplete_with_its_line() {
    let (app, _) = with_base().await;
    let run = app.judge("tag", &[(WORKFLOW, &workflow("v4", "newest"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    assert!(summary(&run).contains("actions/checkout is named by v4"), "{}", summary(&run));
    assert!(annotated(&run, WORKFLOW, 5, "pin-not-fixed"), "{:?}", run.annotations);
    app.finish().await;
}

#[tokio::test]
async fn a_commit_that_moves_under_its_comment_is_incomplete_and_an_update_is_allowed() {
    let (app, _) = with_base().await;
    let run = app.judge("quiet", &[(WORKFLOW, &workflow(&"2".repeat(40), "v4.1.0"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    assert!(annotated(&run, WORKFLOW, 5, "pin-moved-under-label"), "{:?}", run.annotations);
    let run = app.judge("update", &[(WORKFLOW, &workflow(&"3".repeat(40), "v4.2.0"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{}", summary(&run));
    app.finish().await;
}

#[tokio::test]
async fn a_workflow_that_cannot_be_read_is_incomplete() {
    let (app, _) = with_base().await;
    let run = app.judge("broken", &[(WORKFLOW, "jobs: [\n")]).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    assert!(summary(&run).contains(WORKFLOW), "{}", summary(&run));
    app.finish().await;
}
