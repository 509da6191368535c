//! The mirror of a running server: what passes is kept, what is damaged is found, and who relied on what is told.

use lockgate_gate::config::MirrorConfig;
use lockgate_model::Ecosystem;
use lockgate_tests::{
    app::TestApp,
    registry::{Fault, Package, lockfile},
};
use serde_json::Value;
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    time::{Duration, SystemTime},
};

const LOCK: &str = "package-lock.json";

/// A server that keeps what passes, and a package that passed.
struct Stage {
    app: TestApp,
    package: Package,
}

impl Stage {
    async fn new() -> Self {
        let app = TestApp::start_with_feed(|config| config.mirror = Some(MirrorConfig::default())).await;
        let package = Package::npm("left-pad", "1.0.0");
        app.registries.publish(&package);
        app.repository(&[("README.md", "shop\n")]);
        let lock = lockfile(Ecosystem::Npm, app.registries.base(), &[&package]);
        let run = app.judge("add", &[(LOCK, &lock)]).await;
        assert_eq!(run.conclusion.as_deref(), Some("success"), "{:?}", run.summary);
        Self { app, package }
    }

    fn mirror(&self) -> PathBuf {
        self.app.context.config.data_dir.join("mirror")
    }

    fn object(&self) -> PathBuf {
        let hex = self.package.sha256();
        self.mirror().join("sha256").join(&hex[..2]).join(hex)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
        command.args(arguments).env("LOCKGATE_CONFIG", self.app.configuration_file());
        command.env("LOCKGATE_DATABASE_URL", self.app.database_url()).output().expect("the command starts")
    }

    /// `lockgate mirror verify`: its exit code, and what it found as `damage became`.
    fn verify(&self, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
        let output = self.run(&[&["mirror", "verify", "--format", "json"], arguments].concat());
        let found: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
        let events = found["events"].as_array().expect("a list").iter().map(|event| match event["type"].as_str() {
            Some("damaged") => format!("{} {}", text(&event["damage"]), text(&event["became"])),
            other => other.unwrap_or_default().to_owned(),
        });
        (output.status.code(), events.collect())
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Written so long ago that it is no object on its way.
fn settle(path: &std::path::Path) {
    let file = fs::File::options().write(true).open(path).expect("it is there");
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("its time can be set");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_decision_allows_is_kept_and_what_is_damaged_is_restored() {
    let stage = Stage::new().await;
    let good = fs::read(stage.object()).expect("the artifact is kept");
    assert_eq!(good, stage.package.artifact());
    assert_eq!(stage.verify(&[]), (Some(0), vec![]));

    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    fs::write(stage.object(), &flipped).unwrap();
    assert_eq!(stage.verify(&[]), (Some(1), vec!["altered restored".to_owned()]));
    fs::write(stage.object(), &good[..good.len() - 1]).unwrap();
    assert_eq!(stage.verify(&[]), (Some(1), vec!["truncated restored".to_owned()]));
    fs::remove_file(stage.object()).unwrap();
    assert_eq!(stage.verify(&[]), (Some(1), vec!["missing restored".to_owned()]));
    let extra = stage.object().with_file_name("f".repeat(64));
    fs::write(&extra, "nobody kept this").unwrap();
    assert_eq!(stage.verify(&[]), (Some(0), vec![]), "what was written just now may be on its way");
    settle(&extra);
    assert_eq!(stage.verify(&[]), (Some(1), vec!["extra quarantined".to_owned()]));
    assert!(!extra.exists());

    let aside: Vec<Vec<u8>> = fs::read_dir(stage.mirror().join("quarantine"))
        .unwrap()
        .flatten()
        .map(|e| fs::read(e.path()).unwrap())
        .collect();
    assert_eq!(aside.len(), 3, "what was there was moved, not deleted");
    assert!(aside.contains(&flipped));
    assert_eq!(fs::read(stage.object()).unwrap(), good);
    assert_eq!(stage.verify(&[]), (Some(0), vec![]));
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_source_what_is_damaged_is_moved_aside_and_told() {
    let stage = Stage::new().await;
    // The registry serves other bytes now than those that passed.
    stage.app.registries.fail("/left-pad/-/", Fault::FlipByte, usize::MAX);
    fs::write(stage.object(), "something else").unwrap();
    assert_eq!(stage.verify(&["--no-upstream"]), (Some(1), vec!["truncated quarantined".to_owned()]));
    assert!(!stage.object().exists());
    assert_eq!(stage.verify(&["--no-upstream"]), (Some(1), vec!["missing lost".to_owned()]));
    let text = String::from_utf8(stage.run(&["mirror", "verify", "--no-upstream"]).stdout).unwrap();
    assert!(text.contains("not restored: ") && text.contains("another file"), "{text}");
    stage.app.registries.recover();
    assert_eq!(stage.verify(&[]), (Some(1), vec!["missing restored".to_owned()]));
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_changes_upstream_is_an_incident_that_names_who_relied_on_it() {
    let stage = Stage::new().await;
    let digest = format!("sha256:{}", stage.package.sha256());
    let nobody = stage.run(&["blast-radius", &format!("sha256:{}", "0".repeat(64))]);
    assert_eq!(nobody.status.code(), Some(0));

    stage.app.registries.publish(&stage.package.clone().file("new.js", "module.exports = 1;\n"));
    assert_eq!(stage.verify(&[]), (Some(1), vec!["changed".to_owned()]));
    assert_eq!(stage.verify(&["--upstream-bytes"]), (Some(1), vec!["changed".to_owned()]), "as long as it is so");

    // By the bytes' digest, and by the one that lockfiles write.
    for asked in [digest, stage.package.integrity()] {
        let output = stage.run(&["blast-radius", &asked, "--json"]);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let decision = &found["decisions"][0];
        assert_eq!(text(&decision["repository"]), "octo/shop");
        assert_eq!(text(&decision["lockfile"]), LOCK);
        assert_eq!(text(&decision["purl"]), "pkg:npm/left-pad@1.0.0");
        assert!(text(&decision["page"]).ends_with(text(&decision["decision"])), "{decision}");
        let incidents = found["incidents"].as_array().expect("a list");
        assert_eq!(incidents.len(), 1, "{found:#}");
        assert_eq!(incidents[0]["decisions"][0], decision["decision"]);
    }
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_republished_release_is_an_incident_when_it_is_collected_again() {
    let stage = Stage::new().await;
    let republished = stage.package.clone().file("new.js", "module.exports = 1;\n");
    stage.app.registries.publish(&republished);
    let lock = lockfile(Ecosystem::Npm, stage.app.registries.base(), &[&republished]);
    let run = stage.app.judge("again", &[(LOCK, &lock)]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"));
    let output = stage.run(&["blast-radius", &format!("sha256:{}", stage.package.sha256())]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("found by collection; 1 decision had relied on it"), "{text}");
    stage.app.finish().await;
}
