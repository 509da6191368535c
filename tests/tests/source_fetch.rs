//! Fetching over smart HTTP from git's own server program, behind the fake GitHub's access checks.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use lockgate_github::{App, AppConfig};
use lockgate_model::CommitSha;
use lockgate_source::{FetchRequest, History, Repository, Secret, SourceError};
use lockgate_tests::fake_github::{FakeGitHub, Fault, FaultTiming, INSTALLATION};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const REPO: &str = "octo/hello";

struct Scene {
    github: FakeGitHub,
    cache: TempDir,
    base: CommitSha,
    head: CommitSha,
    token: Secret,
}

/// `main` with three commits, and a pull request's branch with two on top of the second.
async fn scene() -> Scene {
    let github = FakeGitHub::start().await.unwrap();
    github.create_repository(REPO, true).unwrap();
    github.commit_files(REPO, "main", &[("README.md", "1")]).unwrap();
    let base =
        github.commit_files(REPO, "main", &[("package-lock.json", "old"), ("web/package-lock.json", "same")]).unwrap();
    github.commit_files(REPO, "bump", &[("a", "a")]).unwrap();
    let head = github.commit_files(REPO, "bump", &[("package-lock.json", "new")]).unwrap();
    github.commit_files(REPO, "main", &[("README.md", "2")]).unwrap();
    let config = AppConfig {
        api_url: github.url(),
        client_id: github.client_id().into(),
        private_key_pem: github.private_key_pem().into(),
        limits: Default::default(),
    };
    let token = App::new(config).unwrap().installation(INSTALLATION).clone_token(REPO).await.unwrap();
    Scene { github, cache: TempDir::new().unwrap(), base: base.parse().unwrap(), head: head.parse().unwrap(), token }
}

impl Scene {
    fn request(&self, commits: &[&CommitSha]) -> FetchRequest {
        FetchRequest {
            url: self.github.clone_url(REPO),
            commits: commits.iter().map(|c| (*c).clone()).collect(),
            references: Vec::new(),
            token: Some(self.token.clone()),
            history: History::Tip,
            into: self.cache.path().join("octo").join("hello.git"),
            timeout: Duration::from_secs(60),
            pack_bytes: 64 << 20,
        }
    }

    fn git_requests(&self) -> usize {
        self.github.requests().iter().filter(|r| r.contains(".git/")).count()
    }
}

async fn fetch(request: FetchRequest) -> Result<Repository, SourceError> {
    tokio::task::spawn_blocking(move || Repository::fetch(&request)).await.unwrap()
}

fn lockfile(path: &str) -> bool {
    path.ends_with("package-lock.json")
}

#[tokio::test]
async fn two_commits_are_fetched_by_id_and_compared() {
    let scene = scene().await;
    let repository = fetch(scene.request(&[&scene.base, &scene.head])).await.unwrap();
    let changes = repository.changed_files(Some(&scene.base), &scene.head, &lockfile).unwrap();
    assert_eq!(changes.files.len(), 1);
    let file = &changes.files[0];
    assert_eq!(
        (file.path.as_str(), file.old.as_deref(), file.new.as_deref()),
        ("package-lock.json", Some(&b"old"[..]), Some(&b"new"[..]))
    );
    // Tips alone were fetched: their common ancestor is unknown, and that is no error.
    let grandparent: CommitSha = scene.github.tip(REPO, "main").unwrap().parse().unwrap();
    assert!(!repository.has_commit(&grandparent));
    assert_eq!(repository.merge_base(&scene.base, &scene.head).unwrap(), None);

    let before = scene.git_requests();
    fetch(scene.request(&[&scene.base, &scene.head])).await.unwrap();
    assert_eq!(scene.git_requests(), before, "what is in the cache costs no request");
}

#[tokio::test]
async fn full_history_shows_the_merge_base() {
    let scene = scene().await;
    let main: CommitSha = scene.github.tip(REPO, "main").unwrap().parse().unwrap();
    let full = FetchRequest { history: History::Full, ..scene.request(&[&main, &scene.head]) };
    let repository = fetch(full.clone()).await.unwrap();
    assert_eq!(repository.merge_base(&main, &scene.head).unwrap(), Some(scene.base.clone()));

    // A cache that holds tips alone is deepened.
    let other = FetchRequest { into: scene.cache.path().join("other.git"), ..scene.request(&[&scene.head]) };
    fetch(other.clone()).await.unwrap();
    let deepened = fetch(FetchRequest { into: other.into, ..full }).await.unwrap();
    assert_eq!(deepened.merge_base(&main, &scene.head).unwrap(), Some(scene.base.clone()));
}

#[tokio::test]
async fn a_commit_that_moved_out_of_its_branch_is_still_fetched() {
    let scene = scene().await;
    let forced = scene.github.commit_hidden(REPO, "main", &[("x", "x")]).unwrap();
    scene.github.publish(REPO, "bump", &forced).unwrap();
    let repository = fetch(scene.request(&[&scene.head])).await.unwrap();
    assert!(repository.has_commit(&scene.head));
}

#[tokio::test]
async fn a_commit_that_is_announced_too_early_is_missing_until_it_is_there() {
    let scene = scene().await;
    let sha = scene.github.commit_hidden(REPO, "early", &[("package-lock.json", "early")]).unwrap();
    let early: CommitSha = sha.parse().unwrap();
    let error = fetch(scene.request(&[&scene.base, &early])).await.unwrap_err();
    assert!(matches!(&error, SourceError::CommitMissing { .. }) && error.is_transient(), "{error}");
    scene.github.publish(REPO, "early", &sha).unwrap();
    assert!(fetch(scene.request(&[&scene.base, &early])).await.unwrap().has_commit(&early));
}

#[tokio::test]
async fn a_server_that_gives_out_references_only_is_asked_for_them() {
    let scene = scene().await;
    scene.github.make_legacy(REPO).unwrap();
    let by_id = FetchRequest { into: scene.cache.path().join("by-id.git"), ..scene.request(&[&scene.base]) };
    let refused = fetch(by_id).await;
    assert!(refused.as_ref().is_err_and(SourceError::is_transient), "{refused:?}");
    let behind = FetchRequest {
        references: vec!["refs/heads/bump".into(), "refs/heads/main".into()],
        ..scene.request(&[&scene.base, &scene.head])
    };
    let repository = fetch(behind).await.unwrap();
    assert!(repository.has_commit(&scene.base) && repository.has_commit(&scene.head));
    let bad = FetchRequest {
        references: vec!["refs/heads/*".into()],
        into: scene.cache.path().join("bad.git"),
        ..scene.request(&[&scene.base])
    };
    let refused = fetch(bad).await;
    assert!(matches!(refused, Err(SourceError::Unsupported { .. })), "{refused:?}");
}

#[tokio::test]
async fn access_is_refused_without_showing_the_token() {
    let scene = scene().await;
    let mut request = scene.request(&[&scene.head]);
    request.token = Some("ghs_wrong-token".into());
    let error = fetch(request.clone()).await.unwrap_err();
    assert!(
        matches!(&error, SourceError::Unauthorized { .. }) && !error.to_string().contains("wrong-token"),
        "{error}"
    );
    request.token = None;
    assert!(matches!(fetch(request.clone()).await, Err(SourceError::Unauthorized { .. })));
    request.url = scene.github.clone_url("octo/absent");
    assert!(matches!(fetch(request).await, Err(SourceError::RepositoryMissing { .. })));
}

#[tokio::test]
async fn outages_limits_and_silence_end_in_time() {
    let scene = scene().await;
    scene.github.fail_next(1, ".git/info/refs", FaultTiming::Before, Fault::Status(503, Vec::new()));
    let outage = fetch(scene.request(&[&scene.head])).await.unwrap_err();
    assert!(matches!(outage, SourceError::Transient { .. }), "{outage}");

    scene.github.fail_next(1, ".git/", FaultTiming::Before, Fault::Hang(Duration::from_secs(30)));
    let started = Instant::now();
    let silent =
        fetch(FetchRequest { timeout: Duration::from_secs(2), ..scene.request(&[&scene.head]) }).await.unwrap_err();
    assert!(matches!(silent, SourceError::TimedOut { .. }), "{silent}");
    assert!(started.elapsed() < Duration::from_secs(15));
    assert!(fetch(scene.request(&[&scene.head])).await.is_ok());
}

#[tokio::test]
async fn a_pack_beyond_the_limit_is_not_taken() {
    let scene = scene().await;
    let noise: Vec<u8> = (0..8_000_000u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as u8).collect();
    let sha = scene.github.commit(REPO, "large", &[("noise", Some(&noise))]).unwrap();
    let large: CommitSha = sha.parse().unwrap();
    let error = fetch(FetchRequest { pack_bytes: 100_000, ..scene.request(&[&large]) }).await.unwrap_err();
    assert!(matches!(error, SourceError::TooLarge { .. }), "{error}");
}

/// What `kill -9` leaves: lock files of a process that is no more, and half a repository.
#[tokio::test]
async fn a_cache_that_was_left_in_the_middle_is_usable() {
    let scene = scene().await;
    let request = scene.request(&[&scene.base]);
    fetch(request.clone()).await.unwrap();
    let touch = |path: &Path| std::fs::write(path, b"").unwrap();
    touch(&request.into.join("shallow.lock"));
    touch(&request.into.join("packed-refs.lock"));
    touch(&request.into.join("refs/lockgate").join(format!("{}.lock", scene.head)));
    std::fs::create_dir(request.into.parent().unwrap().join(".new-half")).unwrap();
    assert!(fetch(scene.request(&[&scene.head])).await.unwrap().has_commit(&scene.head));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_fetches_into_one_cache_agree() {
    let scene = scene().await;
    let jobs: Vec<_> = [&scene.base, &scene.head, &scene.base, &scene.head]
        .map(|sha| tokio::spawn(fetch(scene.request(&[sha]))))
        .into();
    for job in jobs {
        job.await.unwrap().unwrap();
    }
    let repository = fetch(scene.request(&[&scene.base, &scene.head])).await.unwrap();
    assert!(repository.has_commit(&scene.base) && repository.has_commit(&scene.head));
}
