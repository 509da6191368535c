//! A registry that does not answer: what passed is handed out all the same, everything else fails within a bound.

use crate::stage::{PATIENCE, Stage};
use lockgate_tests::registry::{Fault, Package};
use std::time::Duration;
use tokio::time::Instant;

const TARBALL: &str = "npm/left-pad/-/left-pad-1.0.0.tgz";

/// What a client waits at most, its own share of the machine included.
const BOUND: Duration = Duration::from_secs(PATIENCE * 3);

async fn during(fault: Fault) {
    let stage = Stage::new().await;
    let (known, unknown) = (Package::npm("left-pad", "1.0.0"), Package::npm("right-pad", "1.0.0"));
    stage.app.registries.publish(&known);
    stage.app.registries.publish(&unknown);
    assert_eq!(stage.bytes(TARBALL).await.0, 200);
    let (_, packument) = stage.text("npm/left-pad").await;

    stage.app.registries.fail("/", fault, usize::MAX);
    let begun = Instant::now();
    assert_eq!(stage.bytes(TARBALL).await, (200, known.artifact()));
    assert_eq!(stage.text("npm/left-pad").await, (200, packument), "metadata as it was");
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());

    let begun = Instant::now();
    let answer = stage.ask("npm/right-pad/-/right-pad-1.0.0.tgz").await;
    assert_eq!(answer.status().as_u16(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert!(answer.text().await.unwrap_or_default().contains("fetch npm right-pad"), "the error names its subject");
    assert_eq!(stage.text("npm/right-pad").await.0, 503);
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());

    stage.app.registries.recover();
    assert_eq!(stage.bytes("npm/right-pad/-/right-pad-1.0.0.tgz").await, (200, unknown.artifact()));
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_down() {
    during(Fault::Status(503)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_hangs() {
    during(Fault::Hang).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_damaged_in_the_mirror_is_never_handed_out() {
    // No bytes in memory: each answer is read from the mirror.
    let stage = Stage::with(|section| section.memory_bytes = 1).await;
    let package = Package::npm("left-pad", "1.0.0");
    stage.app.registries.publish(&package);
    assert_eq!(stage.bytes(TARBALL).await.0, 200);
    let hex = package.sha256();
    let object = stage.app.context.config.data_dir.join("mirror/sha256").join(&hex[..2]).join(&hex);
    std::fs::write(&object, "something else").unwrap();
    assert_eq!(stage.bytes(TARBALL).await, (200, package.artifact()), "restored from the registry");
    assert_eq!(std::fs::read(&object).unwrap(), package.artifact());

    stage.app.registries.fail("/", Fault::Status(503), usize::MAX);
    std::fs::write(&object, "something else").unwrap();
    let (status, text) = stage.text(TARBALL).await;
    assert_eq!(status, 503, "{text}");
    assert!(!object.exists(), "moved aside");
    stage.app.registries.recover();
    assert_eq!(stage.bytes(TARBALL).await, (200, package.artifact()));
    stage.app.finish().await;
}
