//! `lockgate token` and `lockgate check --token-file`, as a person and a CI use them.

use crate::stage::{Stage, answer, request};
use lockgate_tests::app::TestApp;
use reqwest::Method;
use std::process::{Command, Output};

async fn lockgate(app: &TestApp, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
    command
        .args(arguments)
        .env("LOCKGATE_CONFIG", app.configuration_file())
        .env("LOCKGATE_DATABASE_URL", app.database_url())
        .envs(environment.iter().copied());
    tokio::task::spawn_blocking(move || command.output().expect("the command starts")).await.expect("no panic")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn status(app: &TestApp, token: &str) -> u16 {
    answer(
        request(app, Method::GET, "/api/v1/decisions")
            .bearer_auth(token)
            .send()
            .await
            .expect("what the test needs is there"),
    )
    .await
    .0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_shown_once_used_listed_and_revoked() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let create = ["token", "create", "--name", "ci", "--role", "viewer", "--installation", "501", "--expires", "90d"];
    let made = lockgate(app, &create, &[]).await;
    assert!(made.status.success(), "{}", text(&made.stderr));
    let secret = text(&made.stdout).trim().to_owned();
    assert!(secret.starts_with("lgt_") && secret.len() == 47, "standard output holds the token alone: {secret}");
    assert!(!text(&made.stderr).contains(&secret));
    assert_eq!(status(app, &secret).await, 200);

    let list = text(&lockgate(app, &["token", "list"], &[]).await.stdout);
    let line = list.lines().find(|line| line.contains(" ci ")).unwrap_or_else(|| panic!("{list}"));
    assert!(line.starts_with("live") && line.contains("viewer, installations 501"), "{line}");
    assert!(!line.contains("never") && !list.contains("lgt_"), "its use is noted, its secret is not shown: {line}");

    let twice = lockgate(app, &create, &[]).await;
    assert!(
        twice.status.code() == Some(2) && text(&twice.stderr).contains("revoke it first"),
        "{}",
        text(&twice.stderr)
    );
    assert_eq!(lockgate(app, &["token", "revoke", "ci"], &[]).await.status.code(), Some(0));
    assert_eq!(lockgate(app, &["token", "revoke", "ci"], &[]).await.status.code(), Some(1));
    assert_eq!(status(app, &secret).await, 401);
    let without_end = lockgate(app, &["token", "create", "--name", "x", "--role", "viewer"], &[]).await;
    assert!(!without_end.status.success(), "a token has an end");
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ci_asks_with_a_token_from_a_file_or_the_environment() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let file = app.folder().join("token");
    std::fs::write(&file, format!("{}\n", app.token)).unwrap();
    let (server, repo, sha) = (app.base.to_string(), stage.ours.repository.to_string(), stage.ours.head.to_string());
    let check = ["check", "--server", &server, "--repo", &repo, "--sha", &sha];

    let without = lockgate(app, &check, &[]).await;
    assert_eq!(without.status.code(), Some(2));
    assert!(text(&without.stderr).contains("LOCKGATE_TOKEN"), "{}", text(&without.stderr));
    let from_file = [&check[..], &["--token-file", file.to_str().unwrap()]].concat();
    let allowed = lockgate(app, &from_file, &[]).await;
    assert_eq!(allowed.status.code(), Some(0), "{}", text(&allowed.stderr));
    assert_eq!(lockgate(app, &check, &[("LOCKGATE_TOKEN", &app.token)]).await.status.code(), Some(0));

    let old = format!("lgt_{}", "a".repeat(43));
    let wrong = lockgate(app, &check, &[("LOCKGATE_TOKEN", &old)]).await;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("revoked, expired") && !text(&wrong.stderr).contains(&old));
    let garbage = lockgate(app, &check, &[("LOCKGATE_TOKEN", "hunter2")]).await;
    assert!(!text(&garbage.stderr).contains("hunter2"), "{}", text(&garbage.stderr));
    let open = lockgate(
        app,
        &["check", "--server", "http://gate.example.test/", "--repo", &repo, "--sha", &sha],
        &[("LOCKGATE_TOKEN", &app.token)],
    )
    .await;
    assert!(text(&open.stderr).contains("plain http"), "the token is not shown to a network: {}", text(&open.stderr));
    let help = lockgate(app, &["check", "--help"], &[("LOCKGATE_TOKEN", &app.token)]).await;
    assert!(!text(&help.stdout).contains("lgt_"), "help shows no secret");
    stage.app.finish().await;
}
