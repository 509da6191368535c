//! The house's arrows, held by `cargo metadata`: a crate may use exactly what ARCHITECTURE.md says.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// Crate -> workspace crates it may use, tests of the crate included.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("lockgate-model", &[][..]),
        ("lockgate-github", &["lockgate-outbound"]),
        ("lockgate-archive", &[]),
        ("lockgate-hostile", &[]),
        ("lockgate-authority", &[]),
        ("lockgate-outbound", &[]),
        ("lockgate-postgres", &[]),
        ("lockgate-source", &["lockgate-model", "lockgate-outbound"]),
        ("lockgate-ecosystems", &["lockgate-model", "lockgate-outbound"]),
        ("lockgate-evidence", &["lockgate-model", "lockgate-archive", "lockgate-classifier", "lockgate-signature"]),
        ("lockgate-classifier", &["lockgate-archive"]),
        ("lockgate-dataset", &["lockgate-archive", "lockgate-classifier", "lockgate-ecosystems", "lockgate-model"]),
        ("lockgate-signature", &[]),
        ("lockgate-mirror", &["lockgate-model", "lockgate-outbound"]),
        ("lockgate-pins", &["lockgate-model"]),
        ("lockgate-policy", &["lockgate-model"]),
        ("lockgate-store", &["lockgate-model"]),
        ("lockgate-report", &["lockgate-model"]),
        (
            "lockgate-gate",
            &[
                "lockgate-model",
                "lockgate-github",
                "lockgate-archive",
                "lockgate-classifier",
                "lockgate-outbound",
                "lockgate-postgres",
                "lockgate-source",
                "lockgate-ecosystems",
                "lockgate-evidence",
                "lockgate-mirror",
                "lockgate-signature",
                "lockgate-pins",
                "lockgate-policy",
                "lockgate-store",
                "lockgate-report",
            ],
        ),
        ("xtask", &["lockgate-postgres"]),
    ])
}

/// Heavy or dangerous dependencies, each with its only user.
const FENCES: &[(&str, &str)] = &[
    ("sqlx", "lockgate-store"),
    ("gix", "lockgate-source"),
    ("regorus", "lockgate-policy"),
    ("ort", "lockgate-classifier"),
    ("sigstore-verify", "lockgate-signature"),
    ("object_store", "lockgate-mirror"),
    ("saphyr-parser", "lockgate-pins"),
];

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    metadata["packages"].as_array().expect("packages is a list").clone()
}

/// Names of the dependencies of `package`; `kinds`: which of `null` (normal), `dev`, `build` count.
fn dependencies(package: &Value, with_dev: bool) -> BTreeSet<String> {
    let list = package["dependencies"].as_array().expect("dependencies is a list");
    list.iter()
        .filter(|d| with_dev || d["kind"] != "dev")
        .map(|d| d["name"].as_str().expect("a dependency has a name").to_owned())
        .collect()
}

#[test]
fn no_other_arrow() {
    let allowed = allowed();
    let mut seen = BTreeSet::new();
    for package in packages() {
        let name = package["name"].as_str().expect("a package has a name").to_owned();
        if name == "lockgate-tests" {
            continue;
        }
        let may = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} has no place in the house; see ARCHITECTURE.md"));
        let internal = dependencies(&package, false).into_iter().filter(|d| d.starts_with("lockgate-") || d == "xtask");
        for dependency in internal {
            assert!(may.contains(&dependency.as_str()), "{name} -> {dependency} is no arrow of the house");
        }
        seen.insert(name);
    }
    let expected: BTreeSet<String> = allowed.keys().map(|&name| name.to_owned()).collect();
    assert_eq!(seen, expected, "a crate of the house is missing");
}

#[test]
fn fenced_dependencies_have_one_user() {
    for package in packages() {
        let name = package["name"].as_str().expect("a package has a name").to_owned();
        if name == "lockgate-tests" {
            continue;
        }
        let used = dependencies(&package, false);
        for &(fenced, user) in FENCES {
            assert!(name == user || !used.contains(fenced), "{name} uses {fenced}, which only {user} may");
        }
    }
}

#[test]
fn no_crate_is_a_drawer() {
    for package in packages() {
        let name = package["name"].as_str().expect("a package has a name").to_owned();
        for drawer in ["common", "utils", "core", "helpers"] {
            assert!(!name.ends_with(drawer), "{name}: a crate is named after its reason to exist");
        }
    }
}
