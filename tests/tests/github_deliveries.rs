//! Deliveries that never arrived, found in the App's log and taken in or sent again.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use axum::{Router, http::StatusCode, routing::post};
use chrono::{TimeDelta, Utc};
use lockgate_github::{App, AppConfig, Event, GithubError, Limits};
use lockgate_tests::fake_github::FakeGitHub;
use std::time::Duration;
use tokio::net::TcpListener;
use url::Url;

const REPO: &str = "octo/hello";

fn app(github: &FakeGitHub) -> App {
    let config = AppConfig {
        api_url: github.url(),
        client_id: github.client_id().into(),
        private_key_pem: github.private_key_pem().into(),
        limits: Limits::none(),
    };
    App::new(config).unwrap()
}

/// Somebody who takes webhooks in, or answers 503.
async fn receiver(status: StatusCode) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks/github", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new().route("/webhooks/github", post(async move || status));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// A GitHub with a pull request.
async fn scene() -> (FakeGitHub, u64) {
    let github = FakeGitHub::start().await.unwrap();
    github.create_repository(REPO, true).unwrap();
    github.commit_files(REPO, "main", &[("package-lock.json", "{}")]).unwrap();
    github.commit_files(REPO, "bump", &[("package-lock.json", "{ }")]).unwrap();
    let pull = github.open_pull_request(REPO, REPO, "bump", "main").unwrap();
    (github, pull.number)
}

#[tokio::test]
async fn a_lost_delivery_is_found_and_read_whole() {
    let ((github, number), target) = (scene().await, receiver(StatusCode::ACCEPTED).await);
    let app = app(&github);
    let before = Utc::now() - TimeDelta::seconds(1);
    let opened = github.pull_request_event(REPO, number, "opened").unwrap();
    github.deliver(&target, "ping", &github.ping_event()).await.unwrap();
    github.lose_deliveries(1);
    let lost = github.deliver(&target, "pull_request", &opened).await.unwrap();
    github.deliver(&receiver(StatusCode::SERVICE_UNAVAILABLE).await, "pull_request", &opened).await.unwrap();

    let log = app.deliveries_since(before).await.unwrap();
    let outcomes: Vec<_> = log.iter().map(|d| (d.event.as_str(), d.was_accepted(), d.status_code)).collect();
    assert_eq!(outcomes, [("pull_request", false, 503), ("pull_request", false, 502), ("ping", true, 202)]);
    assert_eq!((log[1].guid.as_str(), log[1].action.as_deref()), (lost.id.as_str(), Some("opened")));
    assert_eq!(log[1].repository_id, Some(github.repository_id(REPO).unwrap()));
    assert!(app.deliveries_since(Utc::now() + TimeDelta::seconds(60)).await.unwrap().is_empty());

    let whole = app.delivery(log[1].id).await.unwrap();
    assert_eq!(whole.headers["x-github-delivery"], lost.id);
    assert_eq!(whole.payload, opened);
    let Event::PullRequest(event) = whole.event().unwrap() else { panic!("{whole:?}") };
    assert_eq!((event.number, event.action.as_str()), (number, "opened"));
    assert!(matches!(app.delivery(1).await, Err(GithubError::NotFound { .. })));
}

#[tokio::test]
async fn a_redelivery_keeps_its_guid() {
    let ((github, number), target) = (scene().await, receiver(StatusCode::ACCEPTED).await);
    let app = app(&github);
    github.lose_deliveries(1);
    let opened = github.pull_request_event(REPO, number, "opened").unwrap();
    github.deliver(&target, "pull_request", &opened).await.unwrap();
    let lost = app.deliveries(None).await.unwrap().deliveries.remove(0);
    app.redeliver(lost.id).await.unwrap();
    let again = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let newest = app.deliveries(None).await.unwrap().deliveries.remove(0);
            if newest.id != lost.id {
                return newest;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let again = again.await.unwrap();
    assert_eq!((again.guid.as_str(), again.redelivery, again.was_accepted()), (lost.guid.as_str(), true, true));
}

#[tokio::test]
async fn the_log_is_read_over_all_pages_by_its_cursors() {
    let (github, _) = scene().await;
    let (app, target) = (app(&github), receiver(StatusCode::ACCEPTED).await);
    let before = Utc::now() - TimeDelta::seconds(1);
    github.lose_deliveries(usize::MAX);
    for _ in 0..250 {
        github.deliver(&target, "ping", &github.ping_event()).await.unwrap();
    }
    let log = app.deliveries_since(before).await.unwrap();
    assert_eq!(log.len(), 250);
    assert!(log.is_sorted_by(|newer, older| newer.id > older.id));
    let first = app.deliveries(None).await.unwrap();
    let second = app.deliveries(first.next.as_ref()).await.unwrap();
    assert_eq!((first.deliveries.len(), second.deliveries[0].id), (100, log[100].id));
}
