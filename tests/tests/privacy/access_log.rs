//! The access log from outside: who reads what is noted, auditors see it, and what must be noted is not shown otherwise.

use crate::stage::Stage;
use lockgate_gate::web::auth::Role;
use lockgate_store::{access::Scope, access_log};
use lockgate_tests::{
    app::{REPO, TestApp},
    registry::{Package, lockfile},
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Everything noted, once at least `count` readings are.
async fn noted(app: &TestApp, count: usize) -> Vec<access_log::Entry> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let entries =
            access_log::since(app.store().pool(), chrono::DateTime::UNIX_EPOCH, 0, 10_000).await.expect("the log");
        if entries.len() >= count {
            return entries;
        }
        assert!(Instant::now() < until, "{} of {count} readings were noted", entries.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn get(app: &TestApp, path: &str, token: &str) -> (u16, String) {
    let url = app.base.join(path).expect("what the test needs is there");
    let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.expect("what the test needs is there");
    (answer.status().as_u16(), answer.text().await.expect("what the test needs is there"))
}

#[tokio::test]
async fn every_reading_is_noted_with_who_what_and_how_it_ended() {
    let app = TestApp::start().await;
    let (base, next) = (Package::npm("left-pad", "1.0.0"), Package::npm("left-pad", "1.0.1"));
    [&base, &next].into_iter().for_each(|p| app.registries.publish(p));
    let npm = |p: &Package| lockfile(lockgate_model::Ecosystem::Npm, app.registries.base(), &[p]);
    app.repository(&[("package-lock.json", &npm(&base))]);
    let run = app.judge("bump", &[("package-lock.json", &npm(&next))]).await;
    let page = run.details_url.clone().unwrap();
    let path = page.strip_prefix(app.base.as_str()).unwrap();
    let id = path.trim_start_matches("d/").to_owned();

    let viewer = app.token_for(Role::Viewer, Scope::EveryInstallation).await;
    let stranger = app.token_for(Role::Viewer, Scope::Installations([1].into())).await;
    assert_eq!(get(&app, path, &viewer).await.0, 200);
    assert_eq!(get(&app, path, &stranger).await.0, 404);
    assert_eq!(get(&app, &format!("api/v1/repos/{REPO}/commits/{}/decision", run.head_sha), &viewer).await.0, 200);
    assert_eq!(get(&app, "access", &viewer).await.0, 403);
    assert_eq!(get(&app, "metrics", &app.token).await.0, 200);
    assert_eq!(get(&app, "healthz", "").await.0, 200);
    assert_eq!(get(&app, "d/nothing", "lgt_wrong").await.0, 401);

    let entries = noted(&app, 4).await;
    let told: Vec<_> = entries.iter().map(|e| (e.action.as_str(), e.outcome, e.objects.len())).collect();
    assert_eq!(told.len(), 4, "metrics, health and nobody are not noted: {told:?}");
    let of = |action: &str, outcome: i32| {
        entries
            .iter()
            .find(|e| e.action == action && e.outcome == outcome)
            .unwrap_or_else(|| panic!("{action} {outcome}: {told:?}"))
    };
    let seen = of("GET /d/{id}", 200);
    assert_eq!(seen.objects, [id.as_str()]);
    assert_eq!(
        (seen.roles.as_str(), seen.client.as_deref(), seen.scope.as_ref()),
        ("viewer", Some("127.0.0.0/24"), None)
    );
    assert!(seen.installation_id.is_some(), "a decision belongs to an installation");
    assert_eq!(of("GET /d/{id}", 404).scope.as_deref(), Some(&[1][..]));
    let commit = of("GET /api/v1/repos/{owner}/{name}/commits/{sha}/decision", 200);
    assert_eq!(commit.objects.join("/"), format!("{REPO}/{}", run.head_sha));
    assert_eq!(commit.installation_id, seen.installation_id);
    assert!(of("GET /access", 403).principal.starts_with("token:"));
    app.finish().await;
}

#[tokio::test]
async fn auditors_see_the_log_and_their_look_is_in_it() {
    let app = TestApp::start().await;
    let auditor = app.token_for(Role::Auditor, Scope::EveryInstallation).await;
    for role in [Role::Viewer, Role::Reviewer, Role::Monitor] {
        let token = app.token_for(role, Scope::EveryInstallation).await;
        for path in ["access", "retention"] {
            assert_eq!(get(&app, path, &token).await.0, 403, "{role:?} {path}");
        }
    }
    noted(&app, 6).await;
    let (status, first) = get(&app, "access", &auditor).await;
    assert_eq!(status, 200);
    assert!(first.contains("GET /retention") && first.contains("403"), "{first}");
    // The row of the look itself was there before its answer.
    assert!(first.contains("auditor") && first.contains("GET /access"), "{first}");
    let (status, page) = get(&app, "retention", &auditor).await;
    assert_eq!(status, 200);
    assert!(page.contains("unused_evidence") && page.contains("400") && page.contains("for ever"), "{page}");
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_noted_is_not_exported_while_pages_go_on() {
    let app = TestApp::start().await;
    let auditor = app.token_for(Role::Auditor, Scope::EveryInstallation).await;
    app.database().execute("revoke insert on access_log from lockgate_runtime").await;
    let (status, body) = get(&app, "access", &auditor).await;
    assert_eq!(status, 500, "{body}");
    assert!(!body.contains("Who read what"), "{body}");
    let (status, _) = get(&app, "", &auditor).await;
    assert_eq!(status, 200, "a page does not wait for the log");
    app.database().execute("grant insert on access_log to lockgate_runtime").await;
    assert_eq!(get(&app, "access", &auditor).await.0, 200);
    // The reading that waited is noted after all.
    let until = Instant::now() + Duration::from_secs(15);
    while !get(&app, "access", &auditor).await.1.contains("<td class=\"mono\">GET /</td>") {
        assert!(Instant::now() < until, "the reading was lost");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_in_numbers_are_noted_and_exported_by_the_command_line() {
    let mut stage = Stage::start(false, "info").await;
    let viewer = stage.token("many", Role::Viewer, Scope::EveryInstallation).await;
    for _ in 0..6 {
        let asks = (0..50).map(|_| stage.get("api/v1/decisions", &viewer));
        for (status, _) in futures::future::join_all(asks).await {
            assert_eq!(status, 200);
        }
    }
    // Stopping writes what still waits.
    stage.stop().await;
    let output = stage.run(&["audit", "access", "--since", "2020-01-01T00:00:00Z"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|l| l["principal"] == "token:many").count(), 300);
    assert_eq!(lines.iter().map(|l| l["lost"].as_i64().unwrap()).sum::<i64>(), 0);
    let last = lines.last().unwrap();
    assert!(last["principal"].as_str().unwrap().starts_with("cli:uid-"), "the export itself is noted: {last}");

    stage.database.execute("revoke insert on access_log from lockgate_runtime").await;
    for arguments in [["audit", "access"], ["audit", "export"]] {
        let refused = stage.run(&[&arguments[..], &["--since", "2020-01-01T00:00:00Z"]].concat()).await;
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(refused.stdout.is_empty(), "{arguments:?} exported unnoticed");
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(why.contains("must be noted before it is made"), "{why}");
    }
    stage.finish().await;
}
