//! `lockgate score` as a script uses it, and the scores of a pull request. The toy model counts the sign U+0007: each raises a score, which begins at -4.

use lockgate_model::Ecosystem;
use lockgate_tests::{
    app::TestApp,
    registry::{Package, lockfile},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Command, Output},
};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../services/classifier/tests/models");

fn lockgate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
    // No configuration: a folder of nobody.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    command.args(arguments).current_dir(folder.path()).env_remove("LOCKGATE_CONFIG");
    command.output().expect("the command starts")
}

fn score(arguments: &[&str]) -> Vec<Value> {
    let model = format!("{MODELS}/toy.onnx");
    let output = lockgate(&[&["score", "--model", &model], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

/// An archive of a package whose program rings so often.
fn archive(folder: &Path, version: &str, rings: usize) -> String {
    let package = Package::npm("bell", version).file("ring.js", &"\u{7}".repeat(rings));
    let path = folder.join(format!("{version}.tgz"));
    std::fs::write(&path, package.artifact()).expect("the folder is writable");
    path.display().to_string()
}

#[test]
fn a_list_is_answered_line_by_line_in_order() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (old, new) = (archive(folder.path(), "1.0.0", 0), archive(folder.path(), "1.0.1", 9));
    let text = folder.path().join("no-archive");
    std::fs::write(&text, "text").expect("the folder is writable");
    let lines = [
        json!({"ecosystem": "npm", "old": old, "new": new}).to_string(),
        json!({"ecosystem": "npm", "old": null, "new": text}).to_string(),
        json!({"ecosystem": "gem", "old": null, "new": new}).to_string(),
        "no JSON".to_owned(),
        json!({"ecosystem": "pypi", "old": null, "new": old}).to_string(),
        json!({"ecosystem": "cargo", "old": new, "new": new}).to_string(),
        json!({"ecosystem": "npm", "old": null, "new": "/nowhere.tgz"}).to_string(),
    ];
    let list = folder.path().join("list");
    std::fs::write(&list, lines.join("\n")).expect("the folder is writable");
    let found = score(&["--list", &list.display().to_string()]);
    assert_eq!(found.len(), lines.len());

    let rang = &found[0]["hunks"][0];
    assert_eq!(
        (&found[0]["score"], &found[0]["probability"], &found[0]["mode"]),
        (&json!(5.0), &json!(1.0), &json!("update"))
    );
    assert_eq!(
        (&rang["file"], &rang["first_line"], &rang["last_line"]),
        (&json!("package/ring.js"), &json!(1), &json!(1))
    );
    assert_eq!((&rang["share"], &rang["without"]), (&json!(1.0), &json!(-4.0)));
    assert_eq!(found[0]["model"].as_str().map(str::len), Some(64));
    assert!(found[0]["behaviours"].is_array());
    assert_eq!((&found[4]["mode"], &found[4]["score"]), (&json!("new"), &json!(-4.0)));
    // Nothing was added.
    assert_eq!((&found[5]["score"], &found[5]["probability"]), (&json!(-100.0), &json!(0.0)));
    for (place, cause) in [(1, "no archive"), (2, "gem"), (3, "line 4"), (6, "read /nowhere.tgz")] {
        let error = found[place]["error"].as_str().unwrap_or_default();
        assert!(error.contains(cause), "{place}: {}", found[place]);
    }
}

#[test]
fn one_version_is_scored_by_its_archives() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (old, new) = (archive(folder.path(), "1.0.0", 3), archive(folder.path(), "1.0.1", 9));
    let [update] = &score(&["--ecosystem", "npm", "--old", &old, "--new", &new])[..] else { panic!("one line") };
    let [whole] = &score(&["--ecosystem", "npm", "--new", &new])[..] else { panic!("one line") };
    assert_eq!((&update["mode"], &whole["mode"]), (&json!("update"), &json!("new")));
}

#[test]
fn what_is_missing_is_named_and_nothing_is_scored() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let new = archive(folder.path(), "1.0.1", 9);
    let asked = ["score", "--ecosystem", "npm", "--new", &new];
    let toy = format!("{MODELS}/toy.onnx");
    let old = format!("{MODELS}/old-features.onnx");
    let unpinned = folder.path().join("m.onnx").display().to_string();
    std::fs::copy(&toy, &unpinned).expect("the folder is writable");
    for (more, cause) in [
        (vec!["--model", "/nowhere.onnx"], "/nowhere.onnx: cannot be read"),
        (vec!["--model", &unpinned], "m.onnx.sha256 names no SHA-256"),
        (vec!["--model", &old], "features of version 1"),
        (vec!["--model", &toy, "--library", "/nowhere.so"], "cargo xtask onnxruntime"),
        (vec!["--list", "/nowhere"], "cannot be used with"),
    ] {
        let output = lockgate(&[&asked[..], &more].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
        assert!(error.contains(cause), "{error}");
    }
    assert_eq!(lockgate(&["score"]).status.code(), Some(2));
    assert_eq!(lockgate(&["score", "--ecosystem", "npm"]).status.code(), Some(2));
    assert_eq!(lockgate(&["score", "--ecosystem", "gem", "--new", &new]).status.code(), Some(2));
    assert_eq!(lockgate(&["score", "--list", "/nowhere", "--model", &toy]).status.code(), Some(2));
}

#[tokio::test]
async fn a_pull_request_is_scored_where_a_model_is_configured() {
    let toy = format!("{MODELS}/toy.onnx");
    let app = TestApp::start_with_feed(|config| config.classifier.model = Some(toy.into())).await;
    let (old, new) = (Package::npm("bell", "1.0.0"), Package::npm("bell", "1.0.1").file("ring.js", "\u{7}\u{7}"));
    [&old, &new].into_iter().for_each(|package| app.registries.publish(package));
    let lock = |package| lockfile(Ecosystem::Npm, app.registries.base(), &[package]);
    app.repository(&[("package-lock.json", &lock(&old))]);
    let run = app.judge("bump", &[("package-lock.json", &lock(&new))]).await;
    // No rule reads the score.
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{:?}", run.summary);
    let is_kept = "select count(*) = 1 from evidence where collector = 'classifier' and status = 'observed' \
                   and purl = 'pkg:npm/bell@1.0.1' and body::text like '%ring.js%'";
    app.database().execute(&format!("do $$ begin assert ({is_kept}); end $$")).await;
    let configuration = app.configuration_file().display().to_string();
    let doctor = tokio::task::spawn_blocking(move || lockgate(&["doctor", "--config", &configuration])).await;
    let doctor = String::from_utf8(doctor.expect("no panic").stdout).expect("UTF-8");
    assert!(doctor.contains("ok       classifier: model "), "{doctor}");
    app.finish().await;
}
