//! SARIF, structurally: what the schema demands and what viewers need.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "each test file uses its part of the fixture")]
mod fixture;

use fixture::{LOCKFILE, malformed, mixed, no_lockfile, report};
use lockgate_model::{Decision, Reason};
use lockgate_report::{Report, sarif};
use serde_json::Value;

fn log(report: &Report) -> Value {
    serde_json::from_str(&sarif(report)).unwrap()
}

#[test]
fn a_log_as_a_whole() {
    insta::assert_snapshot!(sarif(&report(&mixed())));
}

#[test]
fn every_result_names_a_rule_that_is_described() {
    let log = log(&report(&mixed()));
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 5);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty());
        }
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().contains('\n'));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], LOCKFILE);
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
    }
}

#[test]
fn reasons_without_release_have_a_place_where_there_is_one() {
    let malformed = log(&malformed());
    assert_eq!(malformed["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"], 7);
    let whole = Reason { purl: String::new(), lockfile: String::new(), line: 0, ..fixture::unavailable() };
    let whole = log(&report(&Decision::from_reasons(Vec::new(), vec![whole])));
    let first = &whole["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!((&first["artifactLocation"]["uri"], &first["region"]["startLine"]), (&LOCKFILE.into(), &1.into()));
}

#[test]
fn a_path_is_never_an_address() {
    let mut report = report(&mixed());
    for release in &mut report.releases {
        release.reasons.iter_mut().for_each(|reason| reason.lockfile = "https://evil.test/ü?#.json".into());
    }
    let text = sarif(&report);
    assert!(text.contains("https%3A//evil.test/%C3%BC%3F%23.json"), "{text}");
}

#[test]
fn a_stranger_cannot_make_a_link() {
    let text = log(&report(&mixed())).to_string();
    assert!(!text.contains("[all good](") && text.contains(r"\\[all good\\]("), "{text}");
}

#[test]
fn nothing_to_say_is_a_log_too() {
    let log = log(&no_lockfile());
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(log["version"], "2.1.0");
}

#[test]
fn a_result_keeps_its_fingerprint_when_lines_move() {
    let moved = |line| {
        let decision = Decision::from_reasons(vec![Reason { line, ..fixture::typosquat() }], Vec::new());
        log(&report(&decision))["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    assert_eq!(moved(1), moved(2));
}
