//! The command line as a person or a CI uses it: what it prints and how it exits.

use lockgate_model::Ecosystem;
use lockgate_tests::{
    app::{REPO, TestApp},
    registry::{Package, lockfile},
};
use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
};

const LOCK: &str = "web/package-lock.json";

/// Runs `lockgate` with this server's configuration and database.
async fn lockgate(app: &TestApp, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
    command
        .args(arguments)
        .env("LOCKGATE_CONFIG", app.configuration_file())
        .env("LOCKGATE_DATABASE_URL", app.database_url());
    tokio::task::spawn_blocking(move || command.output().expect("the command starts"))
        .await
        .expect("waiting does not panic")
}

/// Runs `lockgate` where there is neither configuration nor server.
fn alone(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockgate-tested")).args(arguments).output().expect("the command starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").args(identity).args(arguments).current_dir(folder).output().expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A working copy with one commit for each text of [`LOCK`].
fn history(texts: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    git(folder.path(), &["init", "--quiet"]);
    std::fs::create_dir(folder.path().join("web")).expect("the folder is new");
    for text in texts {
        std::fs::write(folder.path().join(LOCK), text).expect("the folder is writable");
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "--quiet", "--message", "lock"]);
    }
    folder
}

fn feed(folder: &Path) -> String {
    let record = lockgate_tests::app::advisory(
        "GHSA-0000-0000-0000",
        "npm",
        "nobody-uses-this",
        "1.0.1",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    );
    let path = folder.join("osv.json");
    std::fs::write(&path, record.to_string()).expect("the folder is writable");
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn scan_reaches_every_exit_code_in_every_format() {
    let app = TestApp::start().await;
    let (base, next) = (Package::npm("left-pad", "1.0.0"), Package::npm("left-pad", "1.0.1"));
    let denied = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    [&base, &next, &denied].into_iter().for_each(|p| app.registries.publish(p));
    let npm = |packages: &[&Package]| lockfile(Ecosystem::Npm, app.registries.base(), packages);
    let folder = history(&[&npm(&[&base]), &npm(&[&next]), &npm(&[&next, &denied]), "{ broken"]);
    let (repo, osv) = (folder.path().display().to_string(), feed(folder.path()));
    let range = |base: &'static str, head: &'static str| {
        vec!["scan", "--repo", &repo, "--base", base, "--head", head, "--advisories", &osv]
    };

    for (base, head, code, outcome) in
        [("HEAD~3", "HEAD~2", 0, "allow"), ("HEAD~2", "HEAD~1", 1, "deny"), ("HEAD~1", "HEAD", 3, "incomplete")]
    {
        let text = lockgate(&app, &range(base, head)).await;
        assert_eq!(text.status.code(), Some(code), "{} {}", stdout(&text), String::from_utf8_lossy(&text.stderr));
        assert!(stdout(&text).starts_with("Lockgate: "), "{}", stdout(&text));
        let json = lockgate(&app, &[range(base, head), vec!["--format", "json"]].concat()).await;
        assert_eq!(json.status.code(), Some(code));
        let report: Value = serde_json::from_str(&stdout(&json)).expect("a report is JSON");
        assert_eq!((&report["version"], report["outcome"].as_str()), (&Value::from(1), Some(outcome)));
        let sarif = lockgate(&app, &[range(base, head), vec!["--format", "sarif"]].concat()).await;
        assert_eq!(sarif.status.code(), Some(code));
        let sarif: Value = serde_json::from_str(&stdout(&sarif)).expect("SARIF is JSON");
        assert_eq!(sarif["version"], "2.1.0");
        assert_eq!(sarif["runs"][0]["results"].as_array().is_some_and(Vec::is_empty), code == 0);
    }
    let error = lockgate(&app, &range("no-such-revision", "HEAD")).await;
    assert_eq!(error.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&error.stderr).contains("no-such-revision"));

    let nothing_imported = lockgate(&app, &["scan", "--repo", &repo, "--base", "HEAD~3", "--head", "HEAD~2"]).await;
    assert_eq!(nothing_imported.status.code(), Some(3), "without advisories nothing passes");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_exports_verifies_and_replays() {
    let app = TestApp::start().await;
    let base = Package::npm("left-pad", "1.0.0");
    let denied = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    [&base, &denied].into_iter().for_each(|p| app.registries.publish(p));
    let npm = |packages: &[&Package]| lockfile(Ecosystem::Npm, app.registries.base(), packages);
    app.repository(&[("README.md", "# Shop\n")]);
    app.judge("good", &[(LOCK, &npm(&[&base]))]).await;
    let run = app.judge("bad", &[(LOCK, &npm(&[&base, &denied]))]).await;

    let since = ["--since", "2020-01-01T00:00:00Z"];
    let exported = lockgate(&app, &["audit", "export", since[0], since[1]]).await;
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("decisions.json");
    std::fs::write(&bundle, &exported.stdout).unwrap();
    let verified = alone(&["audit", "verify", &bundle.display().to_string()]);
    assert!(verified.status.success(), "{}", stdout(&verified));

    let forged = stdout(&exported).replacen("\"deny\"", "\"allow\"", 1);
    assert_ne!(forged, stdout(&exported));
    std::fs::write(&bundle, forged).unwrap();
    assert_eq!(alone(&["audit", "verify", &bundle.display().to_string()]).status.code(), Some(1));

    for format in ["csv", "html"] {
        let text = stdout(&lockgate(&app, &["audit", "export", since[0], since[1], "--format", format]).await);
        assert!(text.contains("pkg:npm/is-odd@3.0.0"), "{format}: {text}");
    }
    let replayed = lockgate(&app, &["policy", "replay", since[0], since[1]]).await;
    assert!(replayed.status.success() && stdout(&replayed).contains("2 same, 0 changed"), "{}", stdout(&replayed));

    let server = app.base.to_string();
    let token = app.folder().join("token");
    std::fs::write(&token, &app.token).unwrap();
    let token = ["--token-file", token.to_str().unwrap()];
    let check = ["check", "--server", &server, "--repo", REPO, "--sha", &run.head_sha, "--wait", token[0], token[1]];
    let check = alone(&check);
    assert_eq!(check.status.code(), Some(1), "{}", stdout(&check));
    assert!(stdout(&check).contains("is-odd"));
    let nothing = "0".repeat(40);
    let unknown = alone(&["check", "--server", &server, "--repo", REPO, "--sha", &nothing, token[0], token[1]]);
    assert_eq!(unknown.status.code(), Some(2));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_sbom_and_advisories_read_a_lockfile() {
    let app = TestApp::start().await;
    let packages = [Package::npm("left-pad", "1.0.0"), Package::npm("@scope/fine", "2.0.0")];
    let text = lockfile(Ecosystem::Npm, app.registries.base(), &packages.iter().collect::<Vec<_>>());
    let folder = history(&[&text]);
    let path = folder.path().join(LOCK).display().to_string();
    let rows: Value = serde_json::from_str(&stdout(&alone(&["lock", &path, "--format", "json"]))).unwrap();
    assert_eq!(rows[0]["purl"], "pkg:npm/%40scope/fine@2.0.0");
    assert_eq!((rows[1]["name"].as_str(), rows[1]["direct"].as_bool()), (Some("left-pad"), Some(true)));

    let repo = folder.path().display().to_string();
    for (format, field) in [("cyclonedx-json", "components"), ("spdx-json", "packages")] {
        let sbom: Value =
            serde_json::from_str(&stdout(&alone(&["sbom", "--repo", &repo, "--rev", "HEAD", "--format", format])))
                .unwrap();
        assert!(sbom[field].as_array().is_some_and(|list| list.len() >= 2), "{sbom}");
    }
    let record = lockgate_tests::app::advisory(
        "GHSA-1111-1111-1111",
        "npm",
        "left-pad",
        "1.0.1",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    );
    let osv = folder.path().join("osv.json");
    std::fs::write(&osv, record.to_string()).unwrap();
    let osv = osv.display().to_string();
    let found = alone(&["advisories", "match", &path, "--advisories", &osv]);
    assert_eq!(found.status.code(), Some(1), "{}", stdout(&found));
    assert!(stdout(&found).contains("GHSA-1111-1111-1111"));
    let imported = lockgate(&app, &["advisories", "import", &osv]).await;
    assert!(stdout(&imported).starts_with("1 records imported"), "{}", stdout(&imported));
    assert_eq!(lockgate(&app, &["advisories", "match", &path]).await.status.code(), Some(1));
    app.finish().await;
}

#[test]
fn versions_ranges_licences_and_policies() {
    for (arguments, printed, code) in [
        (vec!["vercmp", "npm", "1.0.0-rc.1", "1.0.0"], "<\n", 0),
        (vec!["vercmp", "pypi", "1.0.post1", "1.0"], ">\n", 0),
        (vec!["vercmp", "cargo", "1.0.0+a", "1.0.0+b"], "=\n", 0),
        (vec!["in-range", "npm", "^1.2.3", "1.9.0"], "true\n", 0),
        (vec!["in-range", "pypi", "~=1.4.2", "1.5"], "false\n", 1),
    ] {
        let output = alone(&arguments);
        assert_eq!((stdout(&output).as_str(), output.status.code()), (printed, Some(code)), "{arguments:?}");
    }
    assert_eq!(alone(&["vercmp", "npm", "not a version", "1.0.0"]).status.code(), Some(2));
    assert_eq!(alone(&["license", "--expression", "MIT OR GPL-3.0-only", "--allow", "MIT"]).status.code(), Some(0));
    assert_eq!(alone(&["license", "--expression", "MIT AND GPL-3.0-only", "--allow", "MIT"]).status.code(), Some(1));
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let detected = alone(&["license", &format!("{root}/LICENSE")]);
    assert!(detected.status.success() && stdout(&detected).contains("Apache-2.0"), "{}", stdout(&detected));
    let tested = alone(&["policy", "test", "--dir", &format!("{root}/policies")]);
    assert!(tested.status.success() && stdout(&tested).contains("0 failed"), "{}", stdout(&tested));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_what_is_missing() {
    let app = TestApp::start_without_feed().await;
    app.registries.publish(&Package::npm("npm", "1.0.0"));
    let output = lockgate(&app, &["doctor"]).await;
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for line in [
        "ok       policy",
        "ok       classifier: no model is configured",
        "ok       github",
        "ok       registry npm",
        "missing  registry pypi",
        "ok       database",
        "missing  advisories: no feed",
    ] {
        assert!(text.contains(line), "{line} is missing: {text}");
    }
    app.finish().await;
}
