//! The App's client against a GitHub that keeps state and enforces its documented limits.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use lockgate_github::{
    Annotation, AnnotationLevel, App, AppConfig, CheckRunDraft, CheckRunRef, CheckRunState, Conclusion, ExposeSecret,
    GithubError, Headroom, InstallationClient, Limits, ReportedStatus,
};
use lockgate_tests::fake_github::{FakeGitHub, Fault, FaultTiming, INSTALLATION, Options, RateLimits};
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

/// As `app`, with other limits.
fn limited(github: &FakeGitHub, limits: Limits) -> App {
    let config = AppConfig {
        api_url: github.url(),
        client_id: github.client_id().into(),
        private_key_pem: github.private_key_pem().into(),
        limits,
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

/// Our check runs of a commit.
async fn own(client: &InstallationClient, sha: &str) -> Vec<CheckRunRef> {
    client.own_check_runs(REPO, sha, "Lockgate").await.unwrap()
}

#[tokio::test]
async fn a_check_run_is_created_found_and_completed_once() {
    let (github, sha) = scene().await;
    let client = client(&github);
    let id = client.create_check_run(REPO, &in_progress(&sha)).await.unwrap();
    let found = own(&client, &sha).await.remove(0);
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
    assert_eq!(own(&client, &sha).await, []);
    github.fail_next(1, "POST /repos/octo/hello/check-runs", FaultTiming::After, Fault::Status(500, Vec::new()));
    assert!(client.create_check_run(REPO, &in_progress(&sha)).await.unwrap_err().is_transient());
    let found = own(&client, &sha).await;
    assert_eq!(found.iter().map(|run| run.id).collect::<Vec<_>>(), [github.check_runs(REPO, &sha)[0].id]);
    assert_eq!(found[0].external_id.as_deref(), Some("change-1"));
}

/// Whoever may write checks can give theirs our name and id, and make us believe that we are done.
#[tokio::test]
async fn another_app_s_run_is_not_ours() {
    let (github, sha) = scene().await;
    let forged = json!({"name": "Lockgate", "head_sha": sha, "external_id": "change-1", "conclusion": "success"});
    github.forge_check_run(REPO, &forged).unwrap();
    assert_eq!(own(&client(&github), &sha).await, []);
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
    assert_eq!(own(&client, &sha).await.len(), 1);
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
    assert_eq!(own(&client, &sha).await.len(), 1);
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

/// The whole of `update_check_run`'s rule: whatever write's answer is lost, and however often the update is repeated,
/// each annotation is shown once and the run is completed once.
#[tokio::test]
async fn an_update_repeated_after_any_crash_shows_each_annotation_once() {
    let (github, sha) = scene().await;
    let client = client(&github);
    for (annotations, crash_at) in [(3, 1), (51, 1), (51, 2), (120, 2), (120, 3)] {
        let name = format!("{annotations} annotations, crash at write {crash_at}");
        let whole = CheckRunDraft { name: name.clone(), ..draft(&sha, annotations) };
        let begun = CheckRunDraft { name: name.clone(), ..in_progress(&sha) };
        let id = client.create_check_run(REPO, &begun).await.unwrap();
        let path = format!("PATCH /repos/octo/hello/check-runs/{id}");
        for write in 1..=crash_at {
            // The writes before the crash are answered; the last is carried out, and its answer is a reset connection.
            let fault = if write == crash_at { Fault::Reset } else { Fault::Hang(Duration::ZERO) };
            if write == crash_at {
                github.fail_next(1, &path, FaultTiming::After, fault);
            } else {
                // Let one write pass by asking for it alone.
                let passed = CheckRunDraft { annotations: whole.annotations[..50 * write].to_vec(), ..whole.clone() };
                let unfinished = CheckRunDraft { state: CheckRunState::InProgress, ..passed };
                client.update_check_run(REPO, id, &unfinished).await.unwrap();
            }
        }
        assert!(client.update_check_run(REPO, id, &whole).await.unwrap_err().is_transient(), "{name}");
        for _ in 0..2 {
            client.update_check_run(REPO, id, &whole).await.unwrap();
        }
        let run = github.check_runs(REPO, &sha).into_iter().find(|run| run.name == name).unwrap();
        let messages: Vec<_> = run.annotations.iter().map(|a| a["message"].as_str().unwrap().to_owned()).collect();
        assert_eq!(messages, (0..annotations).map(|n| format!("remark {n}")).collect::<Vec<_>>(), "{name}");
        assert_eq!((run.completions, run.conclusion.as_deref()), (1, Some("failure")), "{name}");
    }
}

/// A later revision says what is new, once, and does not repeat what an earlier one said.
#[tokio::test]
async fn a_later_revision_adds_only_what_is_new() {
    let (github, sha) = scene().await;
    let client = client(&github);
    let first = CheckRunDraft { external_id: "row/1".into(), ..draft(&sha, 60) };
    let id = client.create_check_run(REPO, &first).await.unwrap();
    let second = CheckRunDraft {
        external_id: "row/2".into(),
        state: CheckRunState::Completed(Conclusion::Success),
        ..draft(&sha, 63)
    };
    client.update_check_run(REPO, id, &second).await.unwrap();
    let run = github.check_runs(REPO, &sha).remove(0);
    assert_eq!((run.annotations.len(), run.conclusion.as_deref(), run.completions), (63, Some("success"), 2));
    let known = client.own_check_runs(REPO, &sha, "Lockgate").await.unwrap();
    assert_eq!((known.len(), known[0].external_id.as_deref(), known[0].annotations), (1, Some("row/2"), 63));
}

#[tokio::test]
async fn a_replaced_key_signs_without_an_interruption() {
    let (github, sha) = scene().await;
    let app = app(&github, github.client_id());
    let client = app.installation(INSTALLATION);
    client.create_check_run(REPO, &in_progress(&sha)).await.unwrap();
    // 1. The second key is added at GitHub; requests go on while it is taken over.
    let new = github.add_private_key();
    let asking = tokio::spawn({
        let app = app.clone();
        async move {
            for _ in 0..20 {
                app.installations().await.unwrap();
            }
        }
    });
    app.replace_key(&new.into()).unwrap();
    asking.await.unwrap();
    // 2. The first is deleted: the replaced key goes on, tokens that the old one bought too.
    github.delete_old_private_keys();
    assert_eq!(app.installations().await.unwrap().len(), 1);
    assert_eq!(own(&client, &sha).await.len(), 1);
    // 3. Who still signs with the first is told so.
    let old = self::app(&github, github.client_id()).installations().await.unwrap_err();
    assert!(matches!(&old, GithubError::AppRefused { .. }) && old.to_string().contains("private key"), "{old}");
    assert!(matches!(app.replace_key(&"no key".into()), Err(GithubError::Configuration(_))));
    assert_eq!(app.installations().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_that_is_nearly_spent_is_replaced_before_it_expires() {
    let options = Options { token_lifetime: chrono::TimeDelta::minutes(9), ..Options::default() };
    let github = FakeGitHub::start_with(options).await.unwrap();
    github.create_repository(REPO, true).unwrap();
    let client = client(&github);
    for _ in 0..3 {
        client.repositories().await.unwrap();
    }
    assert_eq!(github.requests().iter().filter(|r| r.contains("access_tokens")).count(), 3);
}

/// A token that is expired by GitHub's clock while ours, set wrong, still believes in it: one more request mends it.
#[tokio::test]
async fn an_expired_token_is_replaced_by_the_same_call() {
    let (github, sha) = scene().await;
    let client = client(&github);
    client.create_check_run(REPO, &in_progress(&sha)).await.unwrap();
    github.fail_next(1, "GET /repos/octo/hello/check-runs", FaultTiming::Before, Fault::Status(401, Vec::new()));
    let id = github.check_runs(REPO, &sha)[0].id;
    assert_eq!(client.check_run(REPO, id).await.unwrap().id, id);
    assert_eq!(github.requests().iter().filter(|r| r.contains("access_tokens")).count(), 2);
    // Where the new one is refused too, it is said and not tried for ever.
    github.fail_next(2, "GET /repos/octo/hello/check-runs", FaultTiming::Before, Fault::Status(401, Vec::new()));
    assert!(matches!(client.check_run(REPO, id).await, Err(GithubError::Unauthorized { status: 401, .. })));
}

#[tokio::test]
async fn a_renamed_and_transferred_repository_is_still_written_to() {
    let (github, sha) = scene().await;
    let client = client(&github);
    let id = github.repository_id(REPO).unwrap();
    let run = client.create_check_run(REPO, &in_progress(&sha)).await.unwrap();
    github.rename_repository(REPO, "octo/greeting").unwrap();
    github.rename_repository("octo/greeting", "mona/greeting").unwrap();
    // Reads and writes under the oldest name: GitHub redirects, method and body are kept.
    client.update_check_run(REPO, run, &draft(&sha, 51)).await.unwrap();
    let shown = github.check_runs("mona/greeting", &sha).remove(0);
    assert_eq!((shown.annotations.len(), shown.completions), (51, 1));
    assert_eq!(client.own_check_runs("octo/greeting", &sha, "Lockgate").await.unwrap().len(), 1);
    let second = CheckRunDraft { name: "second".into(), ..draft(&sha, 0) };
    client.create_check_run(REPO, &second).await.unwrap();
    let now = client.repository_by_id(id).await.unwrap();
    assert_eq!((now.id, now.full_name.as_str()), (id, "mona/greeting"));
    assert_eq!(now.clone_url, github.clone_url("mona/greeting").as_str());
    let token = client.clone_token_of(id).await.unwrap();
    let listed = reqwest::Client::builder().no_proxy().build().unwrap();
    let listed = listed
        .get(format!("{}/info/refs?service=git-upload-pack", github.clone_url(REPO)))
        .basic_auth("x-access-token", Some(token.expose_secret()))
        .send()
        .await
        .unwrap();
    assert_eq!((listed.status().as_u16(), listed.url().path()), (200, "/mona/greeting.git/info/refs"));
    // A new repository takes the old name: what was redirected no longer is.
    github.create_repository(REPO, true).unwrap();
    assert!(matches!(client.check_run(REPO, run).await, Err(GithubError::NotFound { .. })));
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let ((github, sha), other) = (scene().await, FakeGitHub::start().await.unwrap());
    let client = client(&github);
    client.repositories().await.unwrap();
    for status in [301, 302, 307, 308] {
        let location = other.url().join("repos/octo/hello/check-runs").unwrap().to_string();
        let elsewhere = Fault::Status(status, vec![("location", location)]);
        github.fail_next(1, "POST /repos/octo/hello/check-runs", FaultTiming::Before, elsewhere);
        let error = client.create_check_run(REPO, &draft(&sha, 0)).await.unwrap_err();
        assert!(matches!(error, GithubError::Validation { .. }), "{status}: {error}");
    }
    assert_eq!(other.requests(), Vec::<String>::new());
    // A circle ends.
    let round = github.url().join("repos/octo/hello").unwrap().to_string();
    github.fail_next(100, "/repos/octo/hello", FaultTiming::Before, Fault::Status(307, vec![("location", round)]));
    assert!(matches!(client.create_check_run(REPO, &draft(&sha, 0)).await, Err(GithubError::Validation { .. })));
    assert!(github.requests().len() < 30);
}

#[tokio::test]
async fn an_enterprise_server_s_base_path_is_kept() {
    let options = Options { base_path: "/api/v3".into(), ..Options::default() };
    let github = FakeGitHub::start_with(options).await.unwrap();
    github.create_repository(REPO, true).unwrap();
    let sha = github.commit_files(REPO, "main", &[("package-lock.json", "{}")]).unwrap();
    let client = limited(&github, Limits::none()).installation(INSTALLATION);
    client.create_check_run(REPO, &draft(&sha, 120)).await.unwrap();
    for n in 0..101 {
        github
            .forge_check_run(REPO, &json!({"name": "Lockgate", "head_sha": sha, "external_id": n.to_string()}))
            .unwrap();
    }
    // Over two pages, and under a name that is redirected.
    github.rename_repository(REPO, "octo/greeting").unwrap();
    assert_eq!(client.own_check_runs(REPO, &sha, "Lockgate").await.unwrap().len(), 1);
    assert!(github.requests().iter().all(|r| r.contains(" /api/v3/")), "{:?}", github.requests());
    assert_eq!(github.clone_url(REPO).path(), "/octo/hello.git");
}

#[tokio::test]
async fn every_kind_of_outage_is_transient_and_names_what_was_done() {
    let (github, sha) = scene().await;
    let client = client(&github);
    let id = client.create_check_run(REPO, &in_progress(&sha)).await.unwrap();
    for fault in [
        Fault::Reset,
        Fault::Truncate,
        Fault::Page(502),
        Fault::Status(500, Vec::new()),
        Fault::Hang(Duration::from_millis(50)),
    ] {
        github.fail_next(1, "GET /repos/octo/hello/check-runs", FaultTiming::Before, fault.clone());
        let error = client.check_run(REPO, id).await.unwrap_err();
        assert!(error.is_transient(), "{fault:?}: {error}");
        assert!(error.to_string().starts_with("read a check run in octo/hello: "), "{fault:?}: {error}");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
        assert_eq!(client.check_run(REPO, id).await.unwrap().id, id);
    }
}

#[tokio::test]
async fn github_s_own_limits_are_never_run_into() {
    let limits = RateLimits { points_per_minute: 40, creations_per_minute: 4, ..RateLimits::default() };
    let options = Options { rate_limits: Some(limits), ..Options::default() };
    let github = FakeGitHub::start_with(options).await.unwrap();
    github.create_repository(REPO, true).unwrap();
    let sha = github.commit_files(REPO, "main", &[("package-lock.json", "{}")]).unwrap();
    let ours = Limits { points_per_minute: 40, creations_per_minute: 4, ..Limits::default() };
    let client = limited(&github, ours).installation(INSTALLATION);
    let (mut sent, mut held) = (0, 0);
    for n in 0..30 {
        let run = CheckRunDraft { name: format!("run {n}"), ..draft(&sha, 0) };
        match client.create_check_run(REPO, &run).await {
            Ok(_) => sent += 1,
            Err(error) => {
                assert!(error.retry_after().is_some_and(|wait| wait <= Duration::from_secs(60)), "{error}");
                held += 1;
            }
        }
    }
    assert_eq!((sent, held), (4, 26));
    for _ in 0..40 {
        let _ = client.repositories().await;
    }
    // Four creations cost 20 points, twenty readings the rest; whatever more was asked never left this process.
    let (refused, most) = github.limits_met();
    assert_eq!((refused, most), (0, 40));
    assert_eq!(client.headroom(), Headroom::Scarce);
}

#[tokio::test]
async fn the_primary_limit_of_one_installation_stops_it_alone() {
    let limits = RateLimits { requests: 3, period: Duration::from_secs(2), ..RateLimits::default() };
    let options = Options { rate_limits: Some(limits), ..Options::default() };
    let github = FakeGitHub::start_with(options).await.unwrap();
    let (other, _) = github.install("mona", &[]).unwrap();
    let app = limited(&github, Limits::none());
    let (first, second) = (app.installation(INSTALLATION), app.installation(other));
    for _ in 0..3 {
        first.repositories().await.unwrap();
    }
    let asked = github.requests().len();
    let held = first.repositories().await.unwrap_err();
    // GitHub's third answer said that nothing is left: the fourth request is not sent at all.
    assert_eq!(github.requests().len(), asked);
    second.repositories().await.unwrap();
    tokio::time::sleep(held.retry_after().unwrap()).await;
    first.repositories().await.unwrap();
    assert_eq!(github.limits_met().0, 0);
}

#[tokio::test]
async fn a_refusal_that_states_no_time_is_waited_out_for_a_minute() {
    let (github, _) = scene().await;
    let client = client(&github);
    github.fail_next(1, "GET /installation/repositories", FaultTiming::Before, Fault::Status(429, Vec::new()));
    assert_eq!(client.repositories().await.unwrap_err().retry_after(), Some(Duration::from_secs(60)));
    let asked = github.requests().len();
    assert!(client.repositories().await.unwrap_err().retry_after().is_some());
    assert_eq!(github.requests().len(), asked);
}

#[tokio::test]
async fn installations_and_what_they_cover_are_listed() {
    let (github, _) = scene().await;
    let app = limited(&github, Limits::none());
    for n in 0..120 {
        github.install(&format!("org-{n}"), &[]).unwrap();
    }
    github.suspend(INSTALLATION).unwrap();
    let all = app.installations().await.unwrap();
    assert_eq!(all.len(), 121);
    let ours = all.iter().find(|i| i.id == INSTALLATION).unwrap();
    assert!(ours.suspended_at.is_some() && ours.account == "octo");
    let client = app.installation(INSTALLATION);
    let suspended = client.repositories().await.unwrap_err();
    assert!(suspended.to_string().contains("suspended"), "{suspended}");
    github.unsuspend(INSTALLATION).unwrap();
    for n in 0..101 {
        github.create_repository(&format!("octo/r{n}"), n % 2 == 0).unwrap();
    }
    let covered = client.repositories().await.unwrap();
    assert_eq!(covered.len(), 102);
    github.select_repositories(INSTALLATION, &[], &[REPO]).unwrap();
    assert_eq!(client.repositories().await.unwrap().len(), 101);
    let removed = client.repository_by_id(covered[0].id).await.unwrap_err();
    assert!(matches!(removed, GithubError::NotFound { .. }), "{removed}");
    github.uninstall(INSTALLATION).unwrap();
    assert!(client.repositories().await.is_err());
    assert!(matches!(app.installation_by_id(INSTALLATION).await, Err(GithubError::NotFound { .. })));
}

#[tokio::test]
async fn open_pull_requests_are_listed_over_all_pages() {
    let (github, _) = scene().await;
    for n in 0..103 {
        let branch = format!("bump-{n}");
        github.commit_files(REPO, &branch, &[("package-lock.json", &branch)]).unwrap();
        let opened = github.open_pull_request(REPO, REPO, &branch, "main").unwrap();
        if n == 7 {
            github.act_on_pull_request(REPO, opened.number, "closed").unwrap();
        }
    }
    let open = client(&github).open_pull_requests(REPO).await.unwrap();
    assert_eq!(open.len(), 102);
    assert!(open.iter().all(|p| p.open && p.updated_at.is_some()) && open.is_sorted_by_key(|p| p.number));
}

/// A clock that jumps here, in either direction, must not make GitHub refuse the App, nor tokens last for ever.
#[tokio::test]
async fn a_clock_that_is_set_wrong_is_seen_by_github_s_and_allowed_for() {
    let (github, sha) = scene().await;
    for hours in [1, -1, 0] {
        github.set_clock(chrono::TimeDelta::hours(hours));
        github.revoke_tokens();
        let client = client(&github);
        let run = CheckRunDraft { name: format!("{hours} hours off"), ..draft(&sha, 0) };
        client.create_check_run(REPO, &run).await.unwrap();
        // Learned once: the token is kept, and further requests cost no more than ever.
        let asked = github.requests().len();
        client.repositories().await.unwrap();
        assert_eq!(github.requests().len(), asked + 1, "{hours} hours");
    }
    // While it runs, the clock jumps.
    let app = limited(&github, Limits::none());
    app.installations().await.unwrap();
    for minutes in [90, -90] {
        github.set_clock(chrono::TimeDelta::minutes(minutes));
        app.installations().await.unwrap();
    }
}
