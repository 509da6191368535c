//! Forms that another site makes a signed-in browser send change nothing; those of our own pages do.

use crate::stage::{Browser, Stage, answer};
use lockgate_gate::web::auth::Role;
use lockgate_store::{access::Scope, waivers};

/// Names with their values.
type Pairs<'a> = &'a [(&'a str, &'a str)];

async fn state_of(stage: &Stage) -> waivers::State {
    let found = waivers::get(stage.app.store().pool(), stage.ours.waiver, chrono::Utc::now())
        .await
        .expect("what the test needs is there");
    found.expect("what the test needs is there").state
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sites_form_changes_nothing() {
    let stage = Stage::new().await;
    let token = stage.app.token_for(Role::Reviewer, Scope::EveryInstallation).await;
    let mut browser = Browser::new(&stage.app);
    assert_eq!(browser.sign_in(&token).await.status(), 303);
    let csrf = browser.csrf().await;
    let path = format!("/waivers/{}/grant", stage.ours.waiver);
    let ours = stage.app.base.origin().ascii_serialization();
    let evil = "https://evil.example.test";
    let good = [("csrf", csrf.as_str()), ("reason", "x"), ("days", "7")];
    let attempts: [(&str, Pairs<'_>, Pairs<'_>); 7] = [
        ("from another site", &good, &[("origin", evil)]),
        ("from a sandboxed frame", &good, &[("origin", "null")]),
        ("from a neighbour's subdomain", &good, &[("origin", &ours), ("sec-fetch-site", "same-site")]),
        ("from nowhere", &good, &[]),
        ("without the value", &good[1..], &[("origin", &ours)]),
        ("with a guessed value", &[("csrf", "x"), ("reason", "x"), ("days", "7")], &[("origin", &ours)]),
        ("with two values", &[good[0], ("csrf", "x"), good[1], good[2]], &[("origin", &ours)]),
    ];
    for (how, fields, headers) in attempts {
        let (status, body) = answer(browser.send_from(&path, fields, headers).await).await;
        assert_eq!(status, 403, "{how}: {body}");
        assert!(body.contains("Nothing was changed"), "{how}: {body}");
        assert_eq!(state_of(&stage).await, waivers::State::Requested, "{how}");
    }
    assert_eq!(browser.send(&path, &good).await.status(), 303);
    assert_eq!(state_of(&stage).await, waivers::State::Granted, "our own page's form");
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sessions_value_is_worth_nothing_in_another() {
    let stage = Stage::new().await;
    let token = stage.app.token_for(Role::Reviewer, Scope::EveryInstallation).await;
    let (mut mine, mut attackers) = (Browser::new(&stage.app), Browser::new(&stage.app));
    mine.sign_in(&token).await;
    attackers.sign_in(&token).await;
    let theirs = attackers.csrf().await;
    let path = format!("/waivers/{}/refuse", stage.ours.waiver);
    assert_eq!(mine.send(&path, &[("csrf", &theirs), ("reason", "x")]).await.status(), 403);
    assert_eq!(state_of(&stage).await, waivers::State::Requested);
    stage.app.finish().await;
}

/// A signed-in browser is made to send JSON or multipart: the session is no token.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_no_key_to_the_api_for_programs() {
    let stage = Stage::new().await;
    let token = stage.app.token_for(Role::Reviewer, Scope::EveryInstallation).await;
    let mut browser = Browser::new(&stage.app);
    browser.sign_in(&token).await;
    let ours = stage.app.base.origin().ascii_serialization();
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
        let sent = crate::stage::client()
            .post(stage.app.base.join(&format!("/api/v1/waivers/{}/refuse", stage.ours.waiver)).unwrap())
            .header("cookie", browser.cookie_header())
            .header("origin", &ours)
            .header("content-type", kind)
            .body(r#"{"reason":"x"}"#)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 415, "{kind}");
    }
    assert_eq!(state_of(&stage).await, waivers::State::Requested);
    stage.app.finish().await;
}

/// An attacker's page signs the victim in under the attacker's token, to watch what the victim does there.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_in_by_another_site() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.app);
    let fields = [("token", stage.app.token.as_str()), ("next", "/")];
    for headers in [&[("origin", "https://evil.example.test")][..], &[]] {
        assert_eq!(browser.send_from("login", &fields, headers).await.status(), 403);
    }
    assert!(browser.cookies().is_empty());
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_on_the_server() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.app);
    browser.sign_in(&stage.app.token.clone()).await;
    let kept = browser.cookies().clone();
    let csrf = browser.csrf().await;
    assert_eq!(browser.send("logout", &[]).await.status(), 403, "a sign-out is a form too");
    assert_eq!(browser.send("logout", &[("csrf", &csrf)]).await.status(), 303);
    assert!(browser.cookies().is_empty());
    *browser.cookies() = kept;
    assert_eq!(browser.get("/").await.status(), 303, "the old cookie opens nothing");
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.app);
    let answer = browser.sign_in(&stage.app.token.clone()).await;
    let cookie = answer.headers().get("set-cookie").unwrap().to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain") && !cookie.contains("lgt_"), "{cookie}");
    stage.app.finish().await;
}
