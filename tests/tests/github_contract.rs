//! The fake GitHub against GitHub's own description (the npm package `@octokit/openapi`): what that does not allow, the fake
//! refuses, and the fake answers nothing else itself. `cargo xtask test` provides the description.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use lockgate_github::{App, AppConfig, Limits};
use lockgate_tests::fake_github::{Contract, Direction, FakeGitHub, INSTALLATION};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const REPO: &str = "octo/hello";

/// Whether the description is here. Without it these tests prove nothing, which they say; in CI that is a failure.
fn described() -> bool {
    let provided = Contract::provided().unwrap().is_some();
    if !provided {
        let missing =
            "GitHub's REST description was not provided, so the fake was not held to it; run `cargo xtask test`";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        eprintln!("{missing}");
    }
    provided
}

struct Scene {
    github: FakeGitHub,
    sha: String,
    app_token: String,
    token: String,
    client: reqwest::Client,
}

impl Scene {
    async fn new() -> Self {
        let github = FakeGitHub::start().await.unwrap();
        github.create_repository(REPO, true).unwrap();
        let sha = github.commit_files(REPO, "main", &[("package-lock.json", "{}")]).unwrap();
        let claims = json!({
            "iss": github.client_id(),
            "iat": chrono::Utc::now().timestamp() - 60,
            "exp": chrono::Utc::now().timestamp() + 300,
        });
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(github.private_key_pem().as_bytes()).unwrap();
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        let app_token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut scene = Self { github, sha, app_token, token: String::new(), client };
        let path = format!("app/installations/{INSTALLATION}/access_tokens");
        let (status, answer) = scene.ask(Method::POST, &path, Some(json!({}))).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        scene.token = answer["token"].as_str().unwrap().to_owned();
        scene
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let token = if path.starts_with("app/") { &self.app_token } else { &self.token };
        let mut request = self.client.request(method, self.github.url().join(path).unwrap()).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    fn run(&self, changes: Value) -> Value {
        let mut body = json!({"name": "Lockgate", "head_sha": self.sha});
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    }
}

fn annotation() -> Value {
    json!({"path": "p", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"})
}

fn output(changes: Value) -> Value {
    let mut output = json!({"title": "t", "summary": "s"});
    output.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    json!({"output": output})
}

#[tokio::test]
async fn what_the_description_does_not_allow_is_refused() {
    if !described() {
        return;
    }
    let scene = Scene::new().await;
    let without = |key: &str| {
        let mut incomplete = annotation();
        incomplete.as_object_mut().unwrap().remove(key);
        output(json!({"annotations": [incomplete]}))
    };
    let button = |label: String| json!({"actions": [{"label": label, "identifier": "i", "description": "d"}]});
    for (why, changes) in [
        ("a name that is a number", json!({"name": 7})),
        ("an unknown status", json!({"status": "done"})),
        ("an unknown conclusion", json!({"status": "completed", "conclusion": "great"})),
        ("a time that is none", json!({"started_at": "yesterday"})),
        ("no summary", json!({"output": {"title": "t"}})),
        ("a long summary", output(json!({"summary": "x".repeat(65_536)}))),
        ("a long text", output(json!({"text": "x".repeat(65_536)}))),
        ("51 annotations", output(json!({"annotations": vec![annotation(); 51]}))),
        ("no path", without("path")),
        ("no message", without("message")),
        ("a long label", button("x".repeat(21))),
        ("four buttons", json!({"actions": vec![json!({"label": "l", "identifier": "i", "description": "d"}); 4]})),
    ] {
        let body = scene.run(changes);
        let (status, answer) = scene.ask(Method::POST, "repos/octo/hello/check-runs", Some(body)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{why}: {answer}");
        assert!(!answer["errors"].as_array().unwrap().is_empty(), "{why}: {answer}");
        assert!(scene.github.all_check_runs(REPO).is_empty(), "{why}");
    }
    for (path, why) in [
        (format!("repos/octo/hello/commits/{}/check-runs?filter=newest", scene.sha), "filter"),
        (format!("repos/octo/hello/commits/{}/check-runs?per_page=many", scene.sha), "per_page"),
        ("repos/octo/hello/pulls?state=half-open".to_owned(), "state"),
        ("app/hook/deliveries?status=maybe".to_owned(), "status"),
    ] {
        let (status, answer) = scene.ask(Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {answer}");
        assert!(answer["errors"].to_string().contains(why), "{answer}");
    }
    let path = format!("app/installations/{INSTALLATION}/access_tokens");
    let restricted = json!({"permissions": {"contents": "everything"}});
    let (status, answer) = scene.ask(Method::POST, &path, Some(restricted)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let violations = scene.github.violations();
    assert!(violations.len() >= 17 && violations.iter().all(|v| v.by == Direction::Request), "{violations:?}");
}

/// What GitHub refuses although its description allows it.
#[tokio::test]
async fn what_only_github_itself_refuses_is_refused_too() {
    let scene = Scene::new().await;
    let mut backwards = annotation();
    backwards["start_line"] = 9.into();
    let mut loud = annotation();
    loud["message"] = "x".repeat(64 * 1024 + 1).into();
    for (why, changes) in [
        ("completed without conclusion", json!({"status": "completed"})),
        ("a conclusion of what goes on", json!({"status": "in_progress", "conclusion": "success"})),
        ("a long title", output(json!({"title": "x".repeat(256)}))),
        ("lines out of order", output(json!({"annotations": [backwards]}))),
        ("a long message", output(json!({"annotations": [loud]}))),
        ("an address that is none", json!({"details_url": "javascript:x"})),
        ("an unknown commit", json!({"head_sha": "1".repeat(40)})),
    ] {
        let (status, answer) = scene.ask(Method::POST, "repos/octo/hello/check-runs", Some(scene.run(changes))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{why}: {answer}");
    }
    let nobody = scene.client.get(scene.github.url().join("repos/octo/hello").unwrap());
    assert_eq!(nobody.bearer_auth("ghs_wrong").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    scene.github.revoke_tokens();
    assert_eq!(scene.ask(Method::GET, "repos/octo/hello", None).await.0, StatusCode::UNAUTHORIZED);
}

/// Each address of the fake, answered with success: its own answers pass the description, or they would be 500.
#[tokio::test]
async fn the_fake_itself_keeps_to_the_description() {
    if !described() {
        return;
    }
    let scene = Scene::new().await;
    let github = &scene.github;
    github.fork_repository(REPO, "mona/hello").unwrap();
    let head = github.commit_files("mona/hello", "bump", &[("package-lock.json", "{ }")]).unwrap();
    let pull = github.open_pull_request(REPO, "mona/hello", "bump", "main").unwrap();
    let nowhere = "http://127.0.0.1:9/".parse().unwrap();
    let opened = github.pull_request_event(REPO, pull.number, "opened").unwrap();
    github.deliver(&nowhere, "pull_request", &opened).await.unwrap();
    github.deliver(&nowhere, "ping", &github.ping_event()).await.unwrap();
    github.suspend(github.install("elsewhere", &[]).unwrap().0).unwrap();
    let delivery = github.deliveries()[0].id;
    let mut whole = scene.run(output(json!({"text": "x", "annotations": [annotation()]})));
    whole["status"] = "completed".into();
    whole["conclusion"] = "failure".into();
    let (status, run) = scene.ask(Method::POST, "repos/octo/hello/check-runs", Some(whole)).await;
    assert_eq!(status, StatusCode::CREATED, "{run}");
    let run = format!("repos/octo/hello/check-runs/{}", run["id"]);
    let progress = json!({"status": "in_progress", "output": {"title": "t", "summary": "s"}});
    let (status, answer) = scene.ask(Method::PATCH, &run, Some(progress)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let repository = github.repository_id(REPO).unwrap();
    for path in [
        "app/installations".to_owned(),
        format!("app/installations/{INSTALLATION}"),
        "app/hook/deliveries?per_page=1".to_owned(),
        format!("app/hook/deliveries/{delivery}"),
        "installation/repositories?per_page=1".to_owned(),
        "repos/octo/hello".to_owned(),
        format!("repositories/{repository}"),
        run.clone(),
        format!("{run}/annotations"),
        format!("repos/octo/hello/commits/{}/check-runs?filter=all", scene.sha),
        format!("repos/octo/hello/commits/{head}/pulls"),
        "repos/octo/hello/pulls?state=all".to_owned(),
        format!("repos/octo/hello/pulls/{}", pull.number),
        format!("repos/octo/hello/compare/{}...{head}", scene.sha),
    ] {
        let (status, answer) = scene.ask(Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    }
    let (status, answer) = scene.ask(Method::POST, &format!("app/hook/deliveries/{delivery}/attempts"), None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    assert_eq!(github.violations(), []);
}

/// The client's own requests, all of them, under the description.
#[tokio::test]
async fn the_client_asks_nothing_that_the_description_does_not_allow() {
    if !described() {
        return;
    }
    let Scene { github, sha, .. } = Scene::new().await;
    let config = AppConfig {
        api_url: github.url(),
        client_id: github.client_id().into(),
        private_key_pem: github.private_key_pem().into(),
        limits: Limits::none(),
    };
    let app = App::new(config).unwrap();
    let client = app.installation(INSTALLATION);
    app.installations().await.unwrap();
    app.deliveries(None).await.unwrap();
    client.repositories().await.unwrap();
    client.repository_by_id(github.repository_id(REPO).unwrap()).await.unwrap();
    client.open_pull_requests(REPO).await.unwrap();
    client.pull_requests_for_commit(REPO, &sha).await.unwrap();
    client.own_check_runs(REPO, &sha, "Lockgate").await.unwrap();
    client.merge_base(REPO, &sha, &sha).await.unwrap();
    client.clone_token(REPO).await.unwrap();
    client.clone_token_of(github.repository_id(REPO).unwrap()).await.unwrap();
    assert_eq!(github.violations(), []);
}
