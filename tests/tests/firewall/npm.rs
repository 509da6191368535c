//! npm's protocol, and how files are judged.

use crate::stage::Stage;
use lockgate_tests::{
    app::advisory,
    registry::{Fault, Package},
};
use serde_json::Value;

const TARBALL: &str = "npm/left-pad/-/left-pad-1.0.0.tgz";
const CRITICAL: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

fn harmless() -> Package {
    Package::npm("left-pad", "1.0.0")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_policy_allows_is_handed_out_from_our_own_address() {
    let stage = Stage::new().await;
    let scoped = Package::npm("@scope/pad", "1.0.0");
    stage.app.registries.publish(&harmless());
    stage.app.registries.publish(&scoped);
    for (name, package) in [("left-pad", harmless()), ("@scope%2fpad", scoped.clone()), ("@scope/pad", scoped)] {
        let (status, text) = stage.text(&format!("npm/{name}")).await;
        assert_eq!(status, 200, "{text}");
        let packument: Value = serde_json::from_str(&text).unwrap();
        let dist = &packument["versions"]["1.0.0"]["dist"];
        assert_eq!(dist["integrity"], package.integrity());
        let tarball = dist["tarball"].as_str().unwrap();
        assert_eq!(tarball, format!("{}npm/{}/-/{}", stage.base, package.name, package.file_name()));
        let path = tarball.strip_prefix(stage.base.as_str()).unwrap();
        assert_eq!(stage.bytes(path).await, (200, package.artifact()));
    }
    let object = stage.app.context.config.data_dir.join("mirror/sha256").join(&harmless().sha256()[..2]);
    assert!(object.join(harmless().sha256()).exists(), "what passed is kept");
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_ask_at_once_are_answered_by_one_judgement() {
    let stage = Stage::new().await;
    stage.app.registries.publish(&harmless());
    let asked = (0..20).map(|_| stage.bytes(TARBALL));
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer, (200, harmless().artifact()));
    }
    assert_eq!(stage.asked("/left-pad/-/"), 1);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_policy_denies_is_refused_with_its_reason_and_its_page() {
    let stage = Stage::new().await;
    let package = harmless().license(Some("AGPL-3.0-only"));
    stage.app.registries.publish(&package);
    let answer = stage.ask(TARBALL).await;
    assert_eq!(answer.status().as_u16(), 403);
    let notice = answer.headers()["npm-notice"].to_str().unwrap().to_owned();
    let error = answer.json::<Value>().await.unwrap()["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("Lockgate denies npm left-pad 1.0.0: ") && error.contains("AGPL-3.0-only"), "{error}");
    let page = error.rsplit_once("See ").unwrap().1;
    assert!(notice.contains(page), "{notice}");
    let (status, text) = stage.text(page.strip_prefix(stage.base.as_str()).unwrap()).await;
    assert_eq!(status, 200);
    assert!(text.contains("1 of 1 release denied") && text.contains("AGPL-3.0-only"), "{text}");
    let before = stage.app.registries.requests().len();
    assert_eq!(stage.text(TARBALL).await.0, 403);
    assert_eq!(stage.app.registries.requests().len(), before, "what was refused is remembered");
    let kept = stage.app.context.config.data_dir.join("mirror/sha256");
    assert!(!kept.exists(), "what was refused is not kept");
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_byte_upstream_is_refused_and_not_kept() {
    let stage = Stage::new().await;
    stage.app.registries.publish(&harmless());
    stage.app.registries.fail("/left-pad/-/", Fault::FlipByte, usize::MAX);
    let (status, text) = stage.text(TARBALL).await;
    assert_eq!(status, 403, "{text}");
    assert!(text.contains("the registry states sha1:") && text.contains("and serves"), "{text}");
    stage.app.registries.recover();
    assert_eq!(stage.bytes(TARBALL).await, (200, harmless().artifact()));
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passed_is_judged_again_when_an_advisory_is_imported() {
    let stage = Stage::new().await;
    stage.app.registries.publish(&harmless());
    assert_eq!(stage.bytes(TARBALL).await.0, 200);
    stage.app.import_advisories(&[advisory("GHSA-1111-1111-1111", "npm", "left-pad", "1.0.1", CRITICAL)]).await;
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let (status, text) = stage.text(TARBALL).await;
        if status == 403 {
            assert!(text.contains("GHSA-1111-1111-1111"), "{text}");
            break;
        }
        assert!(tokio::time::Instant::now() < until, "the firewall never learnt of the advisory");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_package_is_refused_without_pretending() {
    let stage = Stage::new().await;
    for (path, status) in [
        ("npm/-/v1/search?text=a", 501),
        ("npm/nothing-of-this-name", 404),
        ("npm/left-pad/-/left-pad-9.9.9.tgz", 404),
        ("npm/a/..%2f..%2fb", 400),
        ("npm/a/b/c/d/e", 404),
        ("elsewhere", 404),
        ("judgements/00000000-0000-4000-8000-000000000000", 404),
    ] {
        let (found, text) = stage.text(path).await;
        assert_eq!(found, status, "{path}: {text}");
    }
    let audit = stage.client.post(format!("{}npm/-/npm/v1/security/advisories/bulk", stage.base)).body("{}");
    assert_eq!(audit.send().await.unwrap().status().as_u16(), 501, "an empty answer would say that all is well");
    let publish = stage.client.put(format!("{}npm/left-pad", stage.base)).body("{}");
    assert_eq!(publish.send().await.unwrap().status().as_u16(), 405);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_credentials_go_no_further() {
    let stage = Stage::new().await;
    stage.app.registries.publish(&harmless());
    for path in ["npm/left-pad", TARBALL] {
        let request = stage.client.get(format!("{}{path}", stage.base)).bearer_auth("the-clients-own");
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    }
    assert!(stage.asked("left-pad") >= 2);
    assert!(stage.app.registries.credentials().is_empty(), "{:?}", stage.app.registries.credentials());
    stage.app.finish().await;
}
