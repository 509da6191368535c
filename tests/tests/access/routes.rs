//! Every route of the table asks who is asking, and every answer carries the security headers.

use crate::stage::{answer, app, request};
use lockgate_gate::web::{
    Access,
    auth::{Permission, Role},
    descriptions,
};
use lockgate_store::access::Scope;
use reqwest::Method;

/// A path with something in each place.
fn filled(path: &str) -> String {
    path.replace("{id}", "00000000-0000-0000-0000-000000000007")
        .replace("{owner}", "octo")
        .replace("{name}", "shop")
        .replace("{sha}", &"a".repeat(40))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_but_the_open_ones_answers_without_credentials() {
    let app = app(|_| {}).await;
    let strangers =
        [None, Some("Bearer lgt_0123456789012345678901234567890123456789012"), Some("Bearer x"), Some("Basic eDp5")];
    for route in descriptions() {
        for stranger in strangers {
            let mut asking = request(&app, route.method.clone(), &filled(route.path));
            if let Some(value) = stranger {
                asking = asking.header("authorization", value);
            }
            let answer = asking.send().await.unwrap();
            let status = answer.status().as_u16();
            let location = answer.headers().get("location").map(|v| v.to_str().unwrap().to_owned());
            let refused = status == 401 && location.is_none();
            let sent_to_sign_in = status == 303 && location.as_ref().is_some_and(|l| l.starts_with("/login?next="));
            match route.access {
                // A webhook without a signature is refused by its own door.
                Access::Open if route.path == "/webhooks/github" => assert_eq!(status, 401),
                Access::Open => assert_ne!((status, route.path.contains("/login")), (401, false), "{}", route.path),
                _ => assert!(
                    refused || (stranger.is_none() && sent_to_sign_in),
                    "{} {}: {status}",
                    route.method,
                    route.path
                ),
            }
        }
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_let_in_where_it_holds_the_permission_and_nowhere_else() {
    let app = app(|_| {}).await;
    let mut seen = 0;
    for role in Role::ALL {
        let token = app.token_for(role, Scope::EveryInstallation).await;
        for route in descriptions() {
            let Access::Needs(permission) = route.access else { continue };
            let asking = request(&app, route.method.clone(), &filled(route.path)).bearer_auth(&token);
            let status = asking.send().await.unwrap().status().as_u16();
            let allowed = role.permissions().contains(&permission);
            assert_eq!(status == 403, !allowed, "{role:?} {} {}: {status}", route.method, route.path);
            assert_ne!(status, 401);
            seen += 1;
        }
    }
    assert!(seen >= 60, "{seen}");
    assert!(!Role::Auditor.permissions().contains(&Permission::AnswerWaivers));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let app = app(|_| {}).await;
    let mut answers = Vec::new();
    for route in descriptions() {
        answers.push((
            route.path,
            request(&app, route.method.clone(), &filled(route.path)).bearer_auth(&app.token).send(),
        ));
        answers.push((route.path, request(&app, route.method, &filled(route.path)).send()));
    }
    answers.push(("/nowhere", request(&app, Method::GET, "/nowhere").send()));
    for (path, answer) in answers {
        let answer = answer.await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap()).unwrap_or_default();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(header("permissions-policy").contains("camera=()"), "{path}");
        if !path.starts_with("/static/") {
            assert_eq!(header("cache-control"), "no-store", "{path}");
        }
        assert_eq!(header("strict-transport-security"), "", "not promised on loopback");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_a_monitor() {
    let app = app(|_| {}).await;
    let ask = async |token: &str| {
        answer(request(&app, Method::GET, "/metrics").bearer_auth(token).send().await.unwrap()).await
    };
    let monitor = app.token_for(Role::Monitor, Scope::nothing()).await;
    let (status, body) = ask(&monitor).await;
    assert_eq!(status, 200, "{body}");
    let viewer = app.token_for(Role::Viewer, Scope::EveryInstallation).await;
    assert_eq!(ask(&viewer).await.0, 403);
    app.finish().await;
}
