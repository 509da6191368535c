//! Provenance through the door: what was built as before passes, what was not is denied in words.

use lockgate_authority::Authority;
use lockgate_model::Ecosystem;
use lockgate_tests::{
    app::TestApp,
    fake_github::CheckRun,
    provenance::{Builder, write_root},
    registry::{Fault, Package, lockfile},
};

const LOCK: &str = "package-lock.json";
const REPOSITORY: &str = "https://github.com/owner/left-pad";

struct Stage {
    app: TestApp,
    authority: Authority,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// A repository that pins `left-pad 1.0.0`, which was built with provenance.
    async fn set() -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().expect("a folder can be made"));
        let root = folder.path().join("trusted_root.json");
        write_root(&authority, &root);
        let app = TestApp::start_with_feed(|config| config.signature.trusted_root = Some(root)).await;
        let stage = Self { app, authority, _folder: folder };
        let base = stage.builder().builds(&Package::npm("left-pad", "1.0.0"));
        stage.app.registries.publish(&base);
        stage.app.repository(&[(LOCK, &stage.lock(&base))]);
        stage
    }

    fn builder(&self) -> Builder<'_> {
        Builder { authority: &self.authority, repository: REPOSITORY, reference: "refs/tags/v1" }
    }

    fn lock(&self, package: &Package) -> String {
        lockfile(Ecosystem::Npm, self.app.registries.base(), &[package])
    }

    /// What is said of a pull request that moves to `next`.
    async fn judge(&self, next: &Package) -> CheckRun {
        self.app.registries.publish(next);
        self.app.judge("bump", &[(LOCK, &self.lock(next))]).await
    }
}

fn next() -> Package {
    Package::npm("left-pad", "1.0.1")
}

fn summary(run: &CheckRun) -> &str {
    run.summary.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn what_was_built_as_before_is_allowed() {
    let stage = Stage::set().await;
    let run = stage.judge(&stage.builder().builds(&next())).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{}", summary(&run));
    let asked = stage.app.registries.requests();
    let of =
        |version: &str| asked.iter().filter(|path| path.contains("attestations") && path.contains(version)).count();
    assert_eq!((of("1.0.1"), of("1.0.0")), (1, 1), "{asked:?}");
    stage.app.finish().await;
}

#[tokio::test]
async fn provenance_that_disappears_is_denied() {
    let stage = Stage::set().await;
    let run = stage.judge(&next()).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("1.0.0, which is in the same release line, was attested"), "{}", summary(&run));
    stage.app.finish().await;
}

#[tokio::test]
async fn another_repository_is_denied_and_both_are_named() {
    let stage = Stage::set().await;
    let elsewhere = Builder { repository: "https://github.com/attacker/left-pad", ..stage.builder() };
    let run = stage.judge(&elsewhere.builds(&next())).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("github.com/attacker/left-pad"), "{}", summary(&run));
    assert!(summary(&run).contains(REPOSITORY), "{}", summary(&run));
    stage.app.finish().await;
}

#[tokio::test]
async fn papers_of_other_bytes_are_denied() {
    let stage = Stage::set().await;
    let papers = stage.builder().builds(&next().file("more.js", "1\n"));
    let run = stage.judge(&next().with_papers_of(&papers)).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{}", summary(&run));
    assert!(summary(&run).contains("an attestation of left-pad-1.0.1.tgz does not hold"), "{}", summary(&run));
    stage.app.finish().await;
}

#[tokio::test]
async fn a_registry_that_does_not_hand_out_what_it_promised_leaves_it_open() {
    let stage = Stage::set().await;
    stage.app.registries.fail("attestations/left-pad@1.0.1", Fault::Status(404), 1000);
    let run = stage.judge(&stage.builder().builds(&next())).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{}", summary(&run));
    assert!(summary(&run).contains("fetch the attestations of npm left-pad 1.0.1"), "{}", summary(&run));
    stage.app.finish().await;
}
