//! Secrets come from files and the environment, and are shown by no help, no error and no core dump.

use crate::stage::Stage;
use std::process::{Command, Output};

fn alone(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
    command.args(arguments).envs(variables.iter().copied()).output().expect("the command starts")
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const VARIABLES: [(&str, &str); 4] = [
    ("LOCKGATE_CONFIG", "/canary-of-the-environment/lockgate.toml"),
    ("LOCKGATE_DATABASE_URL", "postgres://u:canary-of-the-environment@127.0.0.1:1/x"),
    ("LOCKGATE_DATABASE_OWNER_URL", "postgres://u:canary-of-the-environment@127.0.0.1:1/x"),
    ("LOCKGATE_TOKEN", "canary-of-the-environment"),
];

#[test]
fn no_help_shows_the_environment_and_no_argument_takes_a_secret() {
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let output = alone(&arguments, &VARIABLES);
        let text = both(&output);
        assert!(output.status.success(), "{arguments:?}: {text}");
        assert!(!text.contains("canary-of-the-environment"), "{arguments:?}: {text}");
        for option in ["--token ", "--password", "--secret ", "--private-key "] {
            assert!(!text.contains(option), "{arguments:?} takes a secret as {option}: {text}");
        }
        seen += 1;
        let commands = text.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
        for line in commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
            let name = line.split_whitespace().next().unwrap_or_default();
            if name != "help" {
                waiting.push(path.iter().cloned().chain([name.to_owned()]).collect());
            }
        }
    }
    assert!(seen > 20, "{seen} helps were read");
}

#[test]
fn errors_do_not_show_what_they_could_not_use() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lockgate.toml");
    let config = file.display().to_string();
    for text in [
        "data_dir = 'd'\npassword = 'canary-in-a-key'\n",
        "data_dir = 'd'\n[database]\nurl = 'postgres://u:canary-in-a-key@h.example.test/x'\n",
        "data_dir = 'd'\n[registries.npm]\nurl = 'https://u:canary-in-a-key@npm.example.test/'\n",
        "data_dir = 'd'\n[telemetry]\notlp_endpoint = 'https://u:canary-in-a-key@otlp.example.test/v1/traces'\n",
        "data_dir = 'd'\n[outbound]\nproxy = 'http://u:canary-in-a-key@proxy.example.test:3128'\n",
        "data_dir = 'd'\n[registries.npm]\nurl = 'https://npm.example.test/'\ntoken = 'canary-in-a-key'\n",
    ] {
        std::fs::write(&file, text).unwrap();
        let output = alone(&["--config", &config, "audit", "export", "--since", "2020-01-01T00:00:00Z"], &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(!both(&output).contains("canary-in-a-key"), "{text}: {}", both(&output));
    }
    std::fs::write(&file, "data_dir = 'd'\n").unwrap();
    let output = alone(&["--config", &config, "audit", "export", "--since", "2020-01-01T00:00:00Z"], &VARIABLES[1..]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!both(&output).contains("canary-of-the-environment"), "{}", both(&output));
    let output = alone(&["check", "--server", "https://u:canary-in-an-argument@", "--repo", "o/r", "--sha", "x"], &[]);
    assert!(!both(&output).contains("canary-in-an-argument"), "{}", both(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_leaves_no_core_dump() {
    let stage = Stage::start(false, "info").await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", stage.process())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit for core files");
    let values: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(values, ["0", "0"], "{core}");
    stage.finish().await;
}

/// What the pieces of a server print of themselves when somebody logs them.
#[tokio::test]
async fn no_debug_output_holds_a_secret() {
    let app = lockgate_tests::app::TestApp::start().await;
    let shown = format!("{:?} {:?}", app.context, app.context.config);
    let password = url::Url::parse(app.database_url()).unwrap().password().unwrap().to_owned();
    for secret in [password.as_str(), app.github.webhook_secret(), app.github.private_key_pem().lines().nth(1).unwrap()]
    {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
    assert!(shown.len() > 1000);
    app.finish().await;
}
