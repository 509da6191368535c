//! Waivers by form and by API: asked for by one, answered by another, never for ever.

use crate::stage::{Browser, Stage, answer, request};
use chrono::{TimeDelta, Utc};
use lockgate_gate::web::auth::Role;
use lockgate_store::{access::Scope, waivers};
use reqwest::Method;
use serde_json::{Value, json};

async fn post(stage: &Stage, token: &str, path: &str, body: &Value) -> (u16, String) {
    let sent = request(&stage.app, Method::POST, path)
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(body.to_string());
    answer(sent.send().await.expect("what the test needs is there")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_grants_for_a_while_by_form() {
    let stage = Stage::new().await;
    let token = stage.app.token_for(Role::Reviewer, Scope::Installations([501].into())).await;
    let mut browser = Browser::new(&stage.app);
    browser.sign_in(&token).await;
    let csrf = browser.csrf().await;
    let path = format!("/waivers/{}/grant", stage.ours.waiver);
    for (reason, days) in [("", "7"), ("  ", "7"), ("why", "91"), ("why", "0"), ("why", "-1")] {
        let answer = browser.send(&path, &[("csrf", &csrf), ("reason", reason), ("days", days)]).await;
        assert_eq!(answer.status(), 400, "{reason:?} for {days} days");
    }
    let answer = browser.send(&path, &[("csrf", &csrf), ("reason", "one <b>release</b>"), ("days", "7")]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, "/waivers"));
    let (_, page) = browser.visit("/waivers").await;
    assert!(page.contains("granted") && page.contains("one &#60;b&#62;release&#60;/b&#62;"), "{page}");
    let held = waivers::granted_for(stage.app.store().pool(), 5010, Utc::now()).await.unwrap();
    assert_eq!(held.len(), 1);
    assert!(held[0].decided_by.starts_with("token:") && held[0].expires_at < Utc::now() + TimeDelta::days(8));
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_grant_and_refuse() {
    let stage = Stage::new().await;
    let reviewer = stage.app.token_for(Role::Reviewer, Scope::EveryInstallation).await;
    let grant = format!("/api/v1/waivers/{}/grant", stage.ours.waiver);
    let refuse = format!("/api/v1/waivers/{}/refuse", stage.ours.waiver);
    let until = |days| json!({ "reason": "one release", "expires_at": Utc::now() + TimeDelta::days(days) });
    assert_eq!(post(&stage, &reviewer, &grant, &until(91)).await.0, 400, "never for ever");
    assert_eq!(post(&stage, &reviewer, &grant, &json!({ "reason": "no end" })).await.0, 422);
    assert_eq!(post(&stage, &reviewer, &grant, &until(90)).await.0, 204);
    let (status, body) = post(&stage, &reviewer, &grant, &until(1)).await;
    assert!(status == 409 && body.contains("granted"), "{body}");
    assert_eq!(post(&stage, &reviewer, &refuse, &json!({ "reason": "no longer" })).await.0, 204, "ends early");
    assert!(waivers::granted_for(stage.app.store().pool(), 5010, Utc::now()).await.unwrap().is_empty());
    let (_, body) = stage.app.get("api/v1/waivers").await;
    let listed: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(listed[0]["state"], "requested", "open ones first: {body}");
    assert_eq!(listed[1]["state"], "refused");
    for role in [Role::Viewer, Role::Auditor, Role::Monitor] {
        let token = stage.app.token_for(role, Scope::EveryInstallation).await;
        assert_eq!(post(&stage, &token, &refuse, &json!({ "reason": "x" })).await.0, 403, "{role:?}");
    }
    stage.app.finish().await;
}
