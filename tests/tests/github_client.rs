//! The App's client against a GitHub that keeps state and enforces its documented limits.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use lockgate_github::{
    Annotation, AnnotationLevel, App, AppConfig, CheckRunDraft, CheckRunState, Conclusion, ExposeSecret, GithubError,
    Headroom, InstallationClient, ReportedStatus,
};
use lockgate_tests::fake_github::{FakeGitHub, Fault, FaultTiming, INSTALLATION};
use serde_json::json;
use std::time::Duration;

const REPO: &str = "octo/hello";

fn app(github: &FakeGitHub, client_id: &str) -> App {
    let config = AppConfig {
        api_url: github.url(),
        client_id: client_id.into(),
        private_key_pem: github.private_key_pem().into(),
        limits: Default::default(),
    };
    App::new(config).unwrap()
}

fn client(github: &FakeGitHub) -> InstallationClient {
    app(github, github.client_id()).installation(INSTALLATION)
}

/// A GitHub with one repository and one commit.
async fn scene() -> (FakeGitHub, String) {
    let github = FakeGitHub::start().await.unwrap();
    github.create_repository(REPO, true).unwrap();
    let sha = github.commit_files(REPO, "main", &[("package-lock.json", "{}")]).unwrap();
    (github, sha)
}

fn draft(sha: &str, annotations: usize) -> CheckRunDraft {
    let annotation = |n: usize| Annotation {
        path: "package-lock.json".into(),
        start_line: n as u32 + 1,
        end_line: n as u32 + 1,
        level: AnnotationLevel::Warning,
        title: "left-pay".into(),
        message: format!("remark {n}"),
    };
    CheckRunDraft {
        name: "Lockgate".into(),
        head_sha: sha.into(),
        external_id: "change-1".into(),
        details_url: Some("https://gate.example.test/d/7f3a".parse().unwrap()),
        state: CheckRunState::Completed(Conclusion::Failure),
        title: "1 of 12 releases denied".into(),
        summary: "left-pay is one letter from left-pad".into(),
        text: None,
        annotations: (0..annotations).map(annotation).collect(),
        actions: Vec::new(),
    }
}

fn in_progress(sha: &str) -> CheckRunDraft {
    CheckRunDraft { state: CheckRunState::InProgress, ..draft(sha, 0) }
}

#[tokio::test]
async fn a_check_run_is_created_found_and_completed_once() {
    let (github, sha) = scene().await;
    let client = client(&github);
    let id = client.create_check_run(REPO, &in_progress(&sha)).await.unwrap();
    let found = client.find_check_run(REPO, &sha, "Lockgate", "change-1").await.unwrap().unwrap();
    assert_eq!((found.id, &found.status), (id, &ReportedStatus::Pending));

    client.update_check_run(REPO, id, &draft(&sha, 2)).await.unwrap();
    let runs = github.check_runs(REPO, &sha);
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!((run.conclusion.as_deref(), run.annotations.len(), run.completions), (Some("failure"), 2, 1));
    let found = client.check_run(REPO, id).await.unwrap();
    assert_eq!(found.status, ReportedStatus::Completed { conclusion: "failure".into() });
    // One token served all of it.
    assert_eq!(github.requests().iter().filter(|r| r.contains("access_tokens")).count(), 1);
}

#[tokio::test]
async fn more_than_fifty_annotations_arrive_in_order_and_complete_once() {
    let (github, sha) = scene().await;
    let id = client(&github).create_check_run(REPO, &draft(&sha, 120)).await.unwrap();
    let run = github.check_runs(REPO, &sha).remove(0);
    assert_eq!((run.id, run.writes, run.completions), (id, 3, 1));
    let messages: Vec<_> = run.annotations.iter().map(|a| a["message"].as_str().unwrap().to_owned()).collect();
    assert_eq!(messages, (0..120).map(|n| format!("remark {n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_update_cut_short_resumes_without_repeating() {
    let (github, sha) = scene().await;
    let client = client(&github);
    let id = client.create_check_run(REPO, &in_progress(&sha)).await.unwrap();
    // The first batch arrives, its answer does not.
    github.fail_next(1, "PATCH /repos/octo/hello/check-runs", FaultTiming::After, Fault::Status(502, Vec::new()));
    let error = client.update_check_run(REPO, id, &draft(&sha, 120)).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(github.check_runs(REPO, &sha)[0].annotations.len(), 50);
    client.update_check_run(REPO, id, &draft(&sha, 120)).await.unwrap();
    let run = github.check_runs(REPO, &sha).remove(0);
    assert_eq!((run.annotations.len(), run.completions, run.status.as_str()), (120, 1, "completed"));
    assert_eq!(run.annotations[119]["message"], "remark 119");
}

/// `kill -9` between GitHub's commit and ours: the run exists, and we do not know.
#[tokio::test]
async fn a_run_whose_creation_was_not_heard_of_is_found() {
    let (github, sha) = scene().await;
    let client = client(&github);
    assert_eq!(client.find_check_run(REPO, &sha, "Lockgate", "change-1").await.unwrap(), None);
    github.fail_next(1, "POST /repos/octo/hello/check-runs", FaultTiming::After, Fault::Status(500, Vec::new()));
    assert!(client.create_check_run(REPO, &in_progress(&sha)).await.unwrap_err().is_transient());
    let found = client.find_check_run(REPO, &sha, "Lockgate", "change-1").await.unwrap().unwrap();
    assert_eq!(github.check_runs(REPO, &sha)[0].id, found.id);
    assert_eq!(client.find_check_run(REPO, &sha, "Lockgate", "change-2").await.unwrap(), None);
}

/// Whoever may write checks can give theirs our name and id, and make us believe that we are done.
#[tokio::test]
async fn another_app_s_run_is_not_ours() {
    let (github, sha) = scene().await;
    let forged = json!({"name": "Lockgate", "head_sha": sha, "external_id": "change-1", "conclusion": "success"});
    github.forge_check_run(REPO, &forged).unwrap();
    assert_eq!(client(&github).find_check_run(REPO, &sha, "Lockgate", "change-1").await.unwrap(), None);
}

#[tokio::test]
async fn runs_beyond_the_first_page_are_found() {
    let (github, sha) = scene().await;
    let client = client(&github);
    client.create_check_run(REPO, &in_progress(&sha)).await.unwrap();
    for n in 0..120 {
        github
            .forge_check_run(REPO, &json!({"name": "Lockgate", "head_sha": sha, "external_id": n.to_string()}))
            .unwrap();
    }
    assert!(client.find_check_run(REPO, &sha, "Lockgate", "change-1").await.unwrap().is_some());
}

#[tokio::test]
async fn a_long_report_is_accepted() {
    let (github, sha) = scene().await;
    let mut long = draft(&sha, 1);
    long.title = "t".repeat(1000);
    long.summary = "é".repeat(100_000);
    long.text = Some("x".repeat(1 << 20));
    long.annotations[0].message = "m".repeat(1 << 20);
    client(&github).create_check_run(REPO, &long).await.unwrap();
    let run = github.check_runs(REPO, &sha).remove(0);
    assert!(run.text.unwrap().ends_with("https://gate.example.test/d/7f3a"));
}

#[tokio::test]
async fn refusals_name_the_repository_and_the_remedy() {
    let (github, sha) = scene().await;
    let client = client(&github);
    let absent = client.create_check_run("octo/absent", &draft(&sha, 0)).await.unwrap_err();
    assert!(matches!(absent, GithubError::NotFound { .. }) && absent.to_string().contains("octo/absent"), "{absent}");
    let unseen = client.create_check_run(REPO, &draft(&"1".repeat(40), 0)).await.unwrap_err();
    assert!(matches!(unseen, GithubError::NotFound { .. }), "{unseen}");
    let hostile = client.create_check_run("octo/../app", &draft(&sha, 0)).await.unwrap_err();
    assert!(matches!(hostile, GithubError::Validation { .. }), "{hostile}");

    let nobody = app(&github, "Iv23.somebody-else").installation(INSTALLATION);
    let error = nobody.create_check_run(REPO, &draft(&sha, 0)).await.unwrap_err();
    assert!(matches!(error, GithubError::AppRefused { .. }), "{error}");
    let elsewhere = app(&github, github.client_id()).installation(INSTALLATION + 1);
    assert!(matches!(elsewhere.create_check_run(REPO, &draft(&sha, 0)).await, Err(GithubError::NotFound { .. })));
    assert!(github.check_runs(REPO, &sha).is_empty());
}

#[tokio::test]
async fn limits_and_outages_are_told_apart() {
    let (github, sha) = scene().await;
    let client = client(&github);
    github.fail_next(1, "check-runs", FaultTiming::Before, Fault::rate_limited(17));
    let limited = client.create_check_run(REPO, &draft(&sha, 0)).await.unwrap_err();
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(17)));
    // Until then nothing is asked; another process, which does not know of it, may.
    let asked = github.requests().len();
    let again = client.create_check_run(REPO, &draft(&sha, 0)).await.unwrap_err();
    assert!(again.retry_after().is_some_and(|wait| wait <= Duration::from_secs(17)), "{again}");
    assert_eq!((github.requests().len(), client.headroom()), (asked, Headroom::Scarce));
    let client = self::client(&github);
    github.fail_next(1, "check-runs", FaultTiming::Before, Fault::Status(503, Vec::new()));
    let outage = client.create_check_run(REPO, &draft(&sha, 0)).await.unwrap_err();
    assert!(outage.is_transient() && outage.retry_after().is_none());
    client.create_check_run(REPO, &draft(&sha, 0)).await.unwrap();
    assert_eq!(github.check_runs(REPO, &sha).len(), 1);
}

#[tokio::test]
async fn nobody_listening_is_transient() {
    let github = FakeGitHub::start().await.unwrap();
    let client = client(&github);
    drop(github);
    tokio::task::yield_now().await;
    let error = client.pull_request(REPO, 1).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_revoked_token_is_replaced_at_once() {
    let (github, sha) = scene().await;
    let client = client(&github);
    client.create_check_run(REPO, &in_progress(&sha)).await.unwrap();
    github.revoke_tokens();
    assert_eq!(client.find_check_run(REPO, &sha, "Lockgate", "x").await.unwrap(), None);
}

/// The token that git gets can read one repository: no check run can be written with it.
#[tokio::test]
async fn the_clone_token_can_only_read() {
    let (github, sha) = scene().await;
    let token = client(&github).clone_token(REPO).await.unwrap();
    let address = github.url().join("repos/octo/hello/check-runs").unwrap();
    let body = json!({"name": "Lockgate", "head_sha": sha, "conclusion": "success"});
    let request = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(address)
        .bearer_auth(token.expose_secret())
        .json(&body);
    assert_eq!(request.send().await.unwrap().status(), 403);
    assert!(!format!("{token:?}").contains(token.expose_secret()));
}

#[tokio::test]
async fn pull_requests_are_found_by_their_head_even_from_forks() {
    let (github, base) = scene().await;
    github.fork_repository(REPO, "mona/hello").unwrap();
    let head = github.commit_files("mona/hello", "bump", &[("package-lock.json", "{ }")]).unwrap();
    let opened = github.open_pull_request(REPO, "mona/hello", "bump", "main").unwrap();
    let later = github.commit_files(REPO, "main", &[("README.md", "x")]).unwrap();

    let client = client(&github);
    let found = client.pull_requests_for_commit(REPO, &head).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].number, found[0].head_sha.as_str(), found[0].head_repository.as_deref()),
        (opened.number, head.as_str(), Some("mona/hello"))
    );
    assert_eq!(client.pull_request(REPO, opened.number).await.unwrap(), found[0]);
    assert!(client.pull_requests_for_commit(REPO, &base).await.unwrap().is_empty());
    assert_eq!(client.merge_base(REPO, &later, &head).await.unwrap(), base);
}
