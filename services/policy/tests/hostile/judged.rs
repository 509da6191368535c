//! Policy bundles and the facts they judge: whatever the rules say, missing evidence never passes.

use super::assess::Assess;
use lockgate_model::{Decision, Observation, Outcome};
use lockgate_policy::{Context, Files, Policy};
use std::{sync::OnceLock, time::Duration};

/// The first byte chooses: a bundle's rules, its data, or a collector's facts.
pub fn check(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match choice % 3 {
        0 => judged_by(Files::from([("p.rego".to_owned(), text.to_owned())])),
        1 => {
            let mut files = embedded().files().clone();
            files.insert("data/thresholds.json".to_owned(), text.to_owned());
            judged_by(files);
        }
        _ => judges(text),
    }
}

fn judged_by(files: Files) {
    let Ok(policy) = Policy::with_limit(files, Duration::from_millis(500)) else { return };
    for assessment in [Assess::good().without_all().done(), Assess::good().without("checksum").done()] {
        if let Ok(decision) = policy.decide(&assessment, &context()) {
            assert_ne!(decision.outcome(), Outcome::Allow, "missing evidence never passes");
        }
    }
    if let Ok(decision) = policy.decide(&Assess::good().done(), &context()) {
        let written = serde_json::to_string(&decision).expect("a decision is written");
        assert_eq!(serde_json::from_str::<Decision>(&written).expect("what was written is read"), decision);
    }
}

fn judges(text: &str) {
    let Ok(facts) = serde_json::from_str::<serde_json::Value>(text) else { return };
    for collector in ["checksum", "license", "advisory", "diff"] {
        let observed = Observation::Observed { facts: facts.clone() };
        let assessment = Assess::good().with(collector, observed).done();
        if let Ok(decision) = embedded().decide(&assessment, &context()) {
            let again = embedded().decide(&assessment, &context()).expect("the same question gets the same answer");
            assert_eq!(decision, again);
        }
        let assessment = Assess::good().with(collector, Observation::Absent).without("diff").done();
        let decision = embedded().decide(&assessment, &context());
        assert!(decision.is_err() || decision.is_ok_and(|d| d.outcome() != Outcome::Allow));
    }
}

fn context() -> Context {
    Context { registry_hosts: vec!["registry.example.test".into()], ..Context::default() }
}

fn embedded() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| Policy::embedded().expect("the embedded bundle compiles"))
}

pub fn seeds() -> Vec<Vec<u8>> {
    let rule = "package lockgate\n\ndeny contains r if {\n  some release in input.releases\n  release.name == \"x\"\n  r := {\"code\": \"c\", \"purl\": release.purl, \"lockfile\": release.lockfile, \"line\": release.line, \"message\": \"m\", \"remedy\": \"r\"}\n}\n\nincomplete contains r if { some r in [] }\n";
    let mut seeds = vec![[b"\0", rule.as_bytes()].concat(), b"\x01{\"severity\": \"high\"}".to_vec()];
    seeds.extend(
        embedded().files().iter().filter(|(p, _)| p.ends_with(".rego")).map(|(_, t)| [b"\0", t.as_bytes()].concat()),
    );
    seeds.extend(
        embedded().files().iter().filter(|(p, _)| p.ends_with(".json")).map(|(_, t)| [b"\x01", t.as_bytes()].concat()),
    );
    for facts in [
        r#"{"artifacts": [], "findings": [{"type": "locked_differs_from_bytes", "file": "a", "locked": "x", "actual": "y"}], "verified": []}"#,
        r#"{"matches": [{"id": "T-1", "severity": "critical", "cvss": 9.8, "fixed": [], "introduced_by_change": true, "withdrawn": false, "malicious": true}], "unreadable": ["T-2"]}"#,
        r#"{"declared": "MIT", "expression": "MIT", "new_obligations": []}"#,
        r#"{"mode": "new", "findings": [{"kind": "process"}], "irregularities": [], "truncated": true}"#,
    ] {
        seeds.push([b"\x02", facts.as_bytes()].concat());
    }
    seeds
}
