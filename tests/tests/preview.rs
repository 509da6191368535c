//! What can be said at once: no artifact is asked for, and nothing that hangs holds up the rest.

use lockgate_gate::pipeline::{preview, preview_within};
use lockgate_model::{
    AssessedRelease, Assessment, Change, ChangeKind, Digest, Ecosystem, Evidence, LockedDigest, LockedRelease,
    LockfileChange, LockfileFormat, LockfileStatus, Observation, Origin, Release, ReleaseChange,
};
use lockgate_store::{artifacts, evidence};
use lockgate_tests::{
    app::{TestApp, advisory},
    registry::{Fault, Package},
};
use std::time::Duration;

/// Long enough for a loaded machine; every test but that of a hanging registry ends long before.
const AMPLE: Duration = Duration::from_secs(20);
const CRITICAL: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

fn package(number: usize) -> Package {
    Package::npm(&format!("package-{number}"), "1.0.0").license(Some("AGPL-3.0-only"))
}

fn locked(package: &Package, digest: Digest) -> LockedRelease {
    LockedRelease {
        release: Release::new(Ecosystem::Npm, &package.name, &package.version),
        origin: Origin::Registry { url: None },
        digests: vec![LockedDigest { digest, file: None }],
        direct: Some(true),
        dev: Some(false),
        optional: false,
        alias: None,
        install_script: None,
        line: 1,
        depends_on: Vec::new(),
    }
}

fn added(entries: Vec<LockedRelease>) -> Change {
    let lockfile = "package-lock.json".to_owned();
    let added = |new| ReleaseChange { kind: ChangeKind::Added, lockfile: lockfile.clone(), old: None, new: Some(new) };
    Change {
        repository: "octo/shop".parse().expect("what the test needs is there"),
        base: "1".repeat(40).parse().expect("what the test needs is there"),
        head: "2".repeat(40).parse().expect("what the test needs is there"),
        lockfiles: vec![LockfileChange {
            path: lockfile.clone(),
            format: LockfileFormat::NpmPackageLock,
            status: LockfileStatus::Changed,
            releases: entries.into_iter().map(added).collect(),
            findings: Vec::new(),
        }],
        pins: Vec::new(),
        unread: Vec::new(),
    }
}

fn integrity(package: &Package) -> Digest {
    Digest::from_sri(&package.integrity()).expect("what the test needs is there")
}

fn published(app: &TestApp, number: usize) -> Vec<Package> {
    let packages: Vec<Package> = (0..number).map(package).collect();
    packages.iter().for_each(|p| app.registries.publish(p));
    packages
}

/// The checks that say something without an artifact.
const SEEN: [&str; 6] = ["checksum", "license", "advisory", "age", "pin", "typosquat"];

fn collectors(release: &AssessedRelease) -> Vec<&str> {
    release.evidence.iter().map(|e| e.collector.as_str()).collect()
}

fn of<'a>(assessment: &'a Assessment, name: &str, collector: &str) -> &'a Evidence {
    let release = assessment
        .releases
        .iter()
        .find(|r| r.key.purl == format!("pkg:npm/{name}@1.0.0"))
        .expect("what the test needs is there");
    release.evidence.iter().find(|e| e.collector == collector).expect("what the test needs is there")
}

fn facts(evidence: &Evidence) -> &serde_json::Value {
    match &evidence.observation {
        Observation::Observed { facts } => facts,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn fifty_releases_whose_artifacts_hang_are_seen_at_once() {
    let app = TestApp::start().await;
    let packages = published(&app, 50);
    app.registries.fail("/-/", Fault::Hang, usize::MAX);
    app.import_advisories(&[advisory("GHSA-1111-1111-1111", "npm", "package-7", "1.0.1", CRITICAL)]).await;
    let mut entries: Vec<_> = packages.iter().map(|p| locked(p, integrity(p))).collect();
    entries[3].digests[0].digest = integrity(&Package::npm("other", "1.0.0"));

    let seen = preview_within(&app.context.collector, &added(entries), AMPLE).await.unwrap();

    assert_eq!(seen.releases.len(), 50);
    for release in &seen.releases {
        assert_eq!(collectors(release), SEEN, "{:?}", release.key);
    }
    assert_eq!(facts(of(&seen, "package-3", "checksum"))["findings"][0]["type"], "locked_differs_from_registry");
    assert_eq!(facts(of(&seen, "package-4", "checksum"))["findings"], serde_json::json!([]));
    assert_eq!(facts(of(&seen, "package-4", "checksum"))["verified"], serde_json::json!([]));
    assert_eq!(facts(of(&seen, "package-9", "license"))["expression"], "AGPL-3.0-only");
    assert_eq!(facts(of(&seen, "package-7", "advisory"))["matches"][0]["id"], "GHSA-1111-1111-1111");
    assert!(!app.registries.requests().iter().any(|path| path.contains("/-/")), "an artifact was asked for");
    app.finish().await;
}

#[tokio::test]
async fn what_does_not_answer_in_time_is_left_out_and_holds_nobody_up() {
    let app = TestApp::start().await;
    let packages = published(&app, 5);
    app.registries.fail("/npm/package-2", Fault::Hang, usize::MAX);
    let change = added(packages.iter().map(|p| locked(p, integrity(p))).collect());

    let seen = preview_within(&app.context.collector, &change, Duration::from_secs(2)).await.unwrap();

    let complete = seen.releases.iter().filter(|r| collectors(r) == SEEN).count();
    assert_eq!((seen.releases.len(), complete), (5, 4));
    assert_eq!(collectors(&seen.releases[2]), ["advisory", "pin", "typosquat"]);
    app.finish().await;
}

#[tokio::test]
async fn a_preview_denies_at_once_and_passes_nothing() {
    let app = TestApp::start().await;
    let harmless = Package::npm("harmless", "1.0.0");
    app.registries.publish(&harmless);
    let denied = published(&app, 1).remove(0);
    let judge = async |package: &Package| {
        let change = added(vec![locked(package, integrity(package))]);
        let assessment = preview(&app.context.collector, &change).await.unwrap();
        let decision = app.context.policy.current().decide(&assessment, &Default::default()).unwrap();
        decision.outcome().name()
    };
    // The first look warms what a debug build is slow at.
    judge(&harmless).await;
    assert_eq!(judge(&harmless).await, "incomplete");
    assert_eq!(judge(&denied).await, "deny");
    app.finish().await;
}

#[tokio::test]
async fn a_preview_remembers_what_was_first_seen_and_is_itself_not_kept() {
    let app = TestApp::start().await;
    let package = published(&app, 1).remove(0);
    let before = Digest::of(lockgate_model::DigestAlgorithm::Sha512, b"before");
    let (pool, purl) = (app.store().pool(), "pkg:npm/package-0@1.0.0");
    artifacts::record(pool, purl, &package.file_name(), &[], &before).await.unwrap();

    let change = added(vec![locked(&package, integrity(&package))]);
    let seen = preview_within(&app.context.collector, &change, AMPLE).await.unwrap();
    assert_eq!(facts(of(&seen, "package-0", "checksum"))["findings"][0]["type"], "changed_since_first_seen");

    let mut transaction = app.store().begin().await.unwrap();
    let refused = evidence::insert_all(&mut transaction, &seen.releases[0].evidence).await.unwrap_err();
    assert!(refused.to_string().contains("provisional"), "{refused}");
    drop(transaction);
    app.finish().await;
}
