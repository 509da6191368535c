//! Nothing but `lockgate-outbound` builds a client, and a server that is told to asks no private host.

use crate::stage::Stage;
use std::{fs, path::Path};

/// Every Rust file below `folder`.
fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("what the test needs is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_other_file_builds_a_client() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("services");
    let mut files = Vec::new();
    sources(&services, &mut files);
    let mut read = 0;
    for file in files {
        let shown = file.strip_prefix(&services).expect("it lies there").display().to_string();
        let is_test = shown.contains("/tests/") || shown.ends_with("/tests.rs") || shown.contains("/examples/");
        if is_test || shown.starts_with("outbound/") {
            continue;
        }
        read += 1;
        // Attributes of tests stand at the end of a file.
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for builder in
            ["Client::builder", "ClientBuilder::new", "reqwest::get(", "reqwest::Client::new", "blocking::get("]
        {
            assert!(!code.contains(builder), "{shown} builds a client with {builder}; ask lockgate-outbound for one");
        }
        let brings_client =
            code.contains("use reqwest::") && code.contains("Client::new(") && !code.contains("lockgate_outbound");
        assert!(!brings_client, "{shown} builds a client of reqwest's; ask lockgate-outbound for one");
    }
    assert!(read > 100, "{read} files were read");
}

/// Other ways out, each with its only user.
#[test]
fn no_crate_has_a_client_of_its_own() {
    for (name, users) in [
        ("hyper", &["gate"][..]),
        ("hyper-util", &["gate"]),
        ("ureq", &[]),
        ("curl", &[]),
        ("octocrab", &[]),
        ("gix", &["source"]),
        ("opentelemetry-otlp", &["gate"]),
    ] {
        let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services");
        for folder in fs::read_dir(services).unwrap().flatten() {
            let crate_name = folder.file_name().to_string_lossy().into_owned();
            let Ok(manifest) = fs::read_to_string(folder.path().join("Cargo.toml")) else { continue };
            let dependencies = manifest.split("[dev-dependencies]").next().unwrap_or_default();
            let uses = dependencies
                .lines()
                .any(|line| line.starts_with(&format!("{name}.")) || line.starts_with(&format!("{name} =")));
            assert!(!uses || users.contains(&crate_name.as_str()), "{crate_name} uses {name}");
        }
    }
    // hyper takes connections for gate, and makes none.
    let workspace = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap();
    let hyper: Vec<&str> = workspace.lines().filter(|line| line.starts_with("hyper")).collect();
    assert!(hyper.len() == 2 && hyper.iter().all(|line| !line.contains("\"client")), "{hyper:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_hosts_that_lead_inside() {
    let stage = Stage::start(false, "info").await;
    let shown = stage.run(&["doctor"]).await;
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("ok       outbound: "), "{text}");
    assert!(
        text.contains("warning  files: ") && text.contains("chmod 600"),
        "secrets of mode 0644 are warned about: {text}"
    );
    stage.finish().await;
}
