//! `lockgate serve` as a process: how it starts, what it refuses, what it leaves behind.

use axum::{Router, body::Bytes, extract::State, routing::post};
use lockgate_tests::app::TestApp;
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// `lockgate serve` on this app's database, with `settings` in its configuration.
fn serve(app: &TestApp, role: &str, settings: impl FnOnce(&mut toml::Table)) -> (Child, String) {
    let port = free_port();
    let text = std::fs::read_to_string(app.configuration_file()).expect("the app wrote its configuration");
    let mut table: toml::Table = text.parse().expect("the configuration is TOML");
    table["server"]
        .as_table_mut()
        .expect("server is a table")
        .insert("listen".to_owned(), format!("127.0.0.1:{port}").into());
    settings(&mut table);
    let path = app.configuration_file().with_file_name(format!("serve-{port}.toml"));
    std::fs::write(&path, table.to_string()).expect("the temporary folder is writable");
    let child = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"))
        .args(["serve", "--role", role])
        .env("LOCKGATE_CONFIG", &path)
        .env("LOCKGATE_DATABASE_URL", app.database_url())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    (child, format!("http://127.0.0.1:{port}/"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

async fn ready(base: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    while !reqwest::get(format!("{base}readyz")).await.is_ok_and(|answer| answer.status().is_success()) {
        assert!(Instant::now() < until, "{base} is not ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asks the process to stop and waits for its exit code.
async fn stop(mut child: Child) -> Option<i32> {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    tokio::task::spawn_blocking(move || child.wait().expect("the server can be waited for").code())
        .await
        .expect("waiting does not panic")
}

type Seen = Arc<Mutex<Vec<Bytes>>>;

#[tokio::test(flavor = "multi_thread")]
async fn traces_reach_the_configured_endpoint() {
    let app = TestApp::start().await;
    let seen = Seen::default();
    let collector = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1/traces", collector.local_addr().unwrap());
    let keep = |State(seen): State<Seen>, body: Bytes| async move { seen.lock().unwrap().push(body) };
    let routes = Router::new().route("/v1/traces", post(keep)).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(collector, routes).await.unwrap() });

    let (child, base) = serve(&app, "all", |table| {
        table["telemetry"].as_table_mut().unwrap().insert("otlp_endpoint".to_owned(), endpoint.into());
    });
    ready(&base).await;
    let _ = reqwest::get(format!("{base}api/v1/decisions")).await.unwrap();
    assert_eq!(stop(child).await, Some(0));
    let sent = seen.lock().unwrap().concat();
    let text = String::from_utf8_lossy(&sent);
    assert!(text.contains("lockgate") && text.contains("/api/v1/decisions"), "no span arrived: {} bytes", sent.len());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_does_not_compile_stops_the_start() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.rego"), "package lockgate\n\ndeny contains {").unwrap();
    let dir = folder.path().display().to_string();
    let (child, _) = serve(&app, "all", |table| {
        table["policy"].as_table_mut().unwrap().insert("dir".to_owned(), dir.into());
    });
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("broken.rego"), "{text}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_opens_no_door_for_deliveries() {
    let app = TestApp::start().await;
    for (role, expected) in [("worker", 404), ("intake", 401)] {
        let (child, base) = serve(&app, role, |_| {});
        ready(&base).await;
        let answer = reqwest::Client::new().post(format!("{base}webhooks/github")).body("{}").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{role}");
        assert_eq!(stop(child).await, Some(0));
    }
    app.finish().await;
}
