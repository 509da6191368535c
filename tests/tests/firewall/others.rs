//! The simple API of Python's indexes, and cargo's sparse index.

use crate::stage::Stage;
use lockgate_model::Ecosystem;
use lockgate_tests::registry::Package;
use serde_json::Value;

const JSON: &str = "application/vnd.pypi.simple.v1+json";

#[tokio::test(flavor = "multi_thread")]
async fn a_projects_page_is_json_or_html_as_it_is_asked_for() {
    let stage = Stage::new().await;
    let package = Package::new(Ecosystem::Pypi, "left-pad", "1.0.0");
    stage.app.registries.publish(&package);
    let page = stage.client.get(format!("{}pypi/simple/left-pad/", stage.base)).header("accept", JSON);
    let page = page.send().await.unwrap();
    assert_eq!(page.headers()["content-type"], JSON);
    let page: Value = page.json().await.unwrap();
    let url = page["files"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(url, format!("{}pypi/files/left-pad/{}", stage.base, package.file_name()));
    assert_eq!(page["files"][0]["hashes"]["sha256"], package.sha256());

    let (status, html) = stage.text("pypi/simple/Left_Pad/").await;
    assert_eq!(status, 200);
    assert!(html.contains(&format!("<a href=\"{url}#sha256={}\"", package.sha256())), "{html}");

    let path = url.strip_prefix(stage.base.as_str()).unwrap();
    assert_eq!(stage.bytes(path).await, (200, package.artifact()));
    let part = stage.client.get(&url).header("range", "bytes=2-5").send().await.unwrap();
    assert_eq!(part.status().as_u16(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 2-5/{}", package.artifact().len()));
    assert_eq!(part.bytes().await.unwrap(), &package.artifact()[2..=5]);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_says_why_where_pip_and_uv_look() {
    let stage = Stage::new().await;
    let package = Package::new(Ecosystem::Pypi, "left-pad", "1.0.0").license(Some("AGPL-3.0-only"));
    stage.app.registries.publish(&package);
    let answer = stage.ask(&format!("pypi/files/left-pad/{}", package.file_name())).await;
    assert_eq!(answer.status().as_u16(), 403);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let phrase = answer.extensions().get::<hyper::ext::ReasonPhrase>().expect("a phrase of its own");
    let phrase = String::from_utf8_lossy(phrase.as_bytes()).into_owned();
    assert!(phrase.starts_with("Lockgate denies pypi left-pad 1.0.0. See http://"), "{phrase}");
    let detail = answer.json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("AGPL-3.0-only"), "{detail}");
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crate_is_found_by_our_configuration() {
    let stage = Stage::new().await;
    let package = Package::new(Ecosystem::Cargo, "left_pad", "1.0.0");
    stage.app.registries.publish(&package);
    let (_, text) = stage.text("cargo/config.json").await;
    let config: Value = serde_json::from_str(&text).unwrap();
    let dl = config["dl"].as_str().unwrap().replace("{crate}", "left_pad").replace("{version}", "1.0.0");
    let (status, index) = stage.text("cargo/le/ft/left_pad").await;
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<Value>(index.trim()).unwrap()["cksum"], package.sha256());
    assert_eq!(stage.bytes(dl.strip_prefix(stage.base.as_str()).unwrap()).await, (200, package.artifact()));
    assert_eq!(stage.text("cargo/xx/yy/left_pad").await.0, 404);
    stage.app.finish().await;
}
