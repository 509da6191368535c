//! The pages in a real browser: rendered without script, wide and phone-sized.

use lockgate_model::Ecosystem;
use lockgate_tests::{
    app::TestApp,
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

#[tokio::test(flavor = "multi_thread")]
async fn the_decision_page_shows_what_to_do_wide_and_on_a_phone() {
    let app = TestApp::start().await;
    let base = Package::npm("left-pad", "1.0.0");
    let next = Package::npm("left-pad", "1.0.1").script("preinstall", "node setup.js");
    let denied = Package::npm("is-odd", "3.0.0").license(Some("AGPL-3.0-only"));
    let fine = Package::npm("@scope/fine", "2.0.0");
    [&base, &next, &denied, &fine].into_iter().for_each(|p| app.registries.publish(p));
    let npm = |packages: &[&Package]| lockfile(Ecosystem::Npm, app.registries.base(), packages);
    app.repository(&[(LOCK, &npm(&[&base]))]);
    let run = app.judge("change", &[(LOCK, &npm(&[&next, &denied, &fine]))]).await;
    let page = run.details_url.expect("a completed run links to its page");

    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (name, width) in [("wide", 1280), ("phone", 500)] {
        let picture = pictures.join(format!("decision-{name}.png"));
        let (url, shot) = (page.clone(), picture.clone());
        tokio::task::spawn_blocking(move || visit(&url, width, &[format!("--screenshot={}", shot.display())]))
            .await
            .unwrap();
        assert_eq!(png_size(&picture).0, width, "{name}");
    }
    let list = app.base.to_string();
    let dom = tokio::task::spawn_blocking(move || {
        (visit(&page, 1280, &["--dump-dom".to_owned()]), visit(&list, 1280, &["--dump-dom".to_owned()]))
    });
    let (decision, list) = dom.await.unwrap();
    for part in ["deny", "is-odd", "AGPL-3.0-only", "Do:", "left-pad", "package.json", "@scope/fine", "1 more"] {
        assert!(decision.contains(part), "{part} is not on the page: {decision}");
    }
    assert!(list.contains("octo/shop") && list.contains("deny"), "{list}");
    app.finish().await;
}
