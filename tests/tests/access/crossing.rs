//! Tries to get at another installation's rows through every route of the table: by list, by filter, by id, by commit.

use crate::stage::{Rows, Stage, answer, request};
use lockgate_gate::web::{Access, RouteDescription, auth::Role, descriptions};
use lockgate_store::{access::Scope, waivers};
use lockgate_tests::app::TestApp;
use reqwest::Method;
use uuid::Uuid;

/// What a route's path names of `rows`. A route that is new must say here how it could be crossed.
fn address(route: &RouteDescription, rows: &Rows) -> Vec<String> {
    let by_id = |ids: &[Uuid]| ids.iter().map(|id| route.path.replace("{id}", &id.to_string())).collect();
    match route.path {
        "/d/{id}" | "/api/v1/decisions/{id}" => by_id(&[rows.decision, rows.decided]),
        "/e/{id}" => by_id(&[rows.open, rows.decided, rows.decision]),
        path if path.starts_with("/waivers/{id}/") || path.starts_with("/api/v1/waivers/{id}/") => {
            by_id(&[rows.waiver])
        }
        "/api/v1/repos/{owner}/{name}/commits/{sha}/decision" => [&rows.head, &rows.open_head]
            .into_iter()
            .map(|sha| format!("/api/v1/repos/{}/commits/{sha}/decision", rows.repository))
            .collect(),
        path if path.contains('{') => panic!("{path}: say here how somebody could name another installation's row"),
        path => {
            let repository = rows.repository.to_string().replace('/', "%2F");
            ["".to_owned(), format!("?repository={repository}"), "?limit=200".to_owned()]
                .into_iter()
                .map(|query| format!("{path}{query}"))
                .collect()
        }
    }
}

/// Rows that nobody has.
fn nowhere() -> Rows {
    let nobody = Uuid::from_u128(7);
    Rows {
        installation: 0,
        repository: "nobody/nothing".parse().expect("what the test needs is there"),
        head: "9".repeat(40).parse().expect("what the test needs is there"),
        open_head: "8".repeat(40).parse().expect("what the test needs is there"),
        decision: nobody,
        decided: nobody,
        open: nobody,
        waiver: nobody,
    }
}

async fn ask(app: &TestApp, token: &str, method: &Method, path: &str) -> (u16, String) {
    let mut asking = request(app, method.clone(), path).bearer_auth(token);
    if *method == Method::POST {
        asking = if path.starts_with("/api/") {
            let body = if path.ends_with("/grant") {
                r#"{"reason":"mine","expires_at":"2030-01-01T00:00:00Z"}"#
            } else {
                r#"{"reason":"mine"}"#
            };
            asking.header("content-type", "application/json").body(body)
        } else {
            asking.header("content-type", "application/x-www-form-urlencoded").body("reason=mine&days=7")
        };
    }
    answer(asking.send().await.expect("what the test needs is there")).await
}

fn guarded() -> Vec<RouteDescription> {
    descriptions().into_iter().filter(|route| matches!(route.access, Access::Needs(_))).collect()
}

/// Lists show the asker's own and nothing of the other's; filters do not help.
#[tokio::test(flavor = "multi_thread")]
async fn no_list_shows_another_installations_rows() {
    let stage = Stage::new().await;
    let mut shown = 0;
    for (own, other) in [(&stage.ours, &stage.theirs), (&stage.theirs, &stage.ours)] {
        for role in [Role::Viewer, Role::Reviewer, Role::Auditor, Role::Admin] {
            let token = stage.app.token_for(role, Scope::Installations([own.installation].into())).await;
            for route in guarded().iter().filter(|r| !r.path.contains('{') && r.method == Method::GET) {
                for path in address(route, other).into_iter().chain(address(route, own)) {
                    let (status, body) = ask(&stage.app, &token, &route.method, &path).await;
                    assert!(matches!(status, 200 | 400 | 403), "{role:?} {path}: {status} {body}");
                    // The filter's own text comes back in the form.
                    let body = body.replace(&format!("value=\"{}\"", other.repository), "");
                    for mark in other.marks() {
                        assert!(!body.contains(&mark), "{role:?} sees {mark} in {path}: {body}");
                    }
                    shown += usize::from(own.marks().iter().any(|mark| body.contains(mark)));
                }
            }
        }
    }
    assert!(shown >= 24, "lists show the own rows ({shown} answers did)");
    stage.app.finish().await;
}

/// What belongs to somebody else is answered like what does not exist: the same status, the same body.
#[tokio::test(flavor = "multi_thread")]
async fn another_installations_row_is_answered_like_a_missing_one() {
    let stage = Stage::new().await;
    let nowhere = nowhere();
    let mut tried = 0;
    for (own, other) in [(&stage.ours, &stage.theirs), (&stage.theirs, &stage.ours)] {
        for role in [Role::Viewer, Role::Reviewer, Role::Auditor, Role::Admin, Role::Monitor] {
            let token = stage.app.token_for(role, Scope::Installations([own.installation].into())).await;
            for route in guarded().iter().filter(|r| r.path.contains('{')) {
                for (crossing, missing) in address(route, other).iter().zip(address(route, &nowhere)) {
                    let crossed = ask(&stage.app, &token, &route.method, crossing).await;
                    let not_there = ask(&stage.app, &token, &route.method, &missing).await;
                    assert_eq!(crossed, not_there, "{role:?} {} {crossing}", route.method);
                    assert!(matches!(crossed.0, 403 | 404), "{role:?} {crossing}: {}", crossed.0);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 100, "{tried} attempts");
    // Nobody's attempt changed anything.
    let all = waivers::list(stage.app.store().pool(), chrono::Utc::now()).await.unwrap();
    assert!(all.len() == 2 && all.iter().all(|w| w.state == waivers::State::Requested), "{all:?}");
    stage.app.finish().await;
}

/// The same addresses work for whoever may: the tests above do not pass because nothing works.
#[tokio::test(flavor = "multi_thread")]
async fn the_own_rows_are_there() {
    let stage = Stage::new().await;
    let token = stage.app.token_for(Role::Viewer, Scope::Installations([stage.ours.installation].into())).await;
    for (path, expected) in [
        (format!("/d/{}", stage.ours.decision), 200),
        (format!("/e/{}", stage.ours.open), 200),
        (format!("/e/{}", stage.ours.decided), 303),
        (format!("/api/v1/decisions/{}", stage.ours.decision), 200),
        (format!("/api/v1/repos/{}/commits/{}/decision", stage.ours.repository, stage.ours.head), 200),
        (format!("/api/v1/repos/{}/commits/{}/decision", stage.ours.repository, stage.ours.open_head), 202),
    ] {
        let (status, body) = ask(&stage.app, &token, &Method::GET, &path).await;
        assert_eq!(status, expected, "{path}: {body}");
    }
    // Evidence comes with the decision.
    let (_, body) = ask(&stage.app, &token, &Method::GET, &format!("/api/v1/decisions/{}", stage.ours.decision)).await;
    assert!(body.contains("checksum") && body.contains("left-pad"), "{body}");
    let both = Scope::Installations([stage.ours.installation, stage.theirs.installation].into());
    for scope in [both, Scope::EveryInstallation] {
        let token = stage.app.token_for(Role::Viewer, scope).await;
        let (_, body) = ask(&stage.app, &token, &Method::GET, "/api/v1/decisions").await;
        for rows in [&stage.ours, &stage.theirs] {
            assert!(body.contains(&rows.decision.to_string()), "{body}");
        }
    }
    let nobody = stage.app.token_for(Role::Admin, Scope::nothing()).await;
    assert_eq!(ask(&stage.app, &nobody, &Method::GET, "/api/v1/decisions").await, (200, "[]".to_owned()));
    stage.app.finish().await;
}
