//! Assessments in, decisions out, with the default bundle and with bundles that try to weaken it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod assess;

use assess::{Assess, cause, facts, unavailable};
use lockgate_model::{CauseKind, Decision, LockfileError, LockfileStatus, Observation, Origin, Outcome};
use lockgate_policy::{Context, Files, Policy, PolicyError, REQUIRED};

/// Says nothing about anything.
const LENIENT: &str =
    "package lockgate\n\ndeny contains r if { some r in [] }\n\nincomplete contains r if { some r in [] }\n";

fn lenient() -> Policy {
    Policy::from_files(Files::from([("lenient.rego".to_owned(), LENIENT.to_owned())])).unwrap()
}

fn context() -> Context {
    Context { registry_hosts: vec!["Registry.example.test".into()], ..Context::default() }
}

fn codes(decision: &Decision) -> Vec<&str> {
    decision.reasons().map(|reason| reason.code.as_str()).collect()
}

#[test]
fn a_good_release_is_allowed() {
    let decision = Policy::embedded().unwrap().decide(&Assess::good().done(), &context()).unwrap();
    assert_eq!(decision, Decision::Allow);
}

#[test]
fn the_same_question_gets_the_same_answer() {
    let policy = Policy::embedded().unwrap();
    let assessment =
        Assess::good().with("checksum", facts("checksum_mismatch")).with("advisory", facts("critical")).done();
    let first = policy.decide(&assessment, &context()).unwrap();
    assert_eq!(codes(&first), ["advisory-critical", "checksum-mismatch"]);
    let rebuilt = Policy::from_files(policy.files().clone()).unwrap();
    assert_eq!(rebuilt.decide(&assessment, &context()).unwrap(), first);
}

#[test]
fn a_deny_carries_what_is_incomplete() {
    let assessment =
        Assess::good().with("checksum", facts("checksum_mismatch")).with("license", Observation::Absent).done();
    let decision = Policy::embedded().unwrap().decide(&assessment, &context()).unwrap();
    let Decision::Deny { reasons, incomplete } = decision else { panic!("{decision:?}") };
    assert_eq!((reasons.len(), incomplete[0].code.as_str()), (1, "license-unknown"));
}

#[test]
fn missing_evidence_never_passes() {
    for policy in [lenient(), Policy::embedded().unwrap()] {
        for collector in REQUIRED {
            let decision = policy.decide(&Assess::good().without(collector).done(), &context()).unwrap();
            assert_eq!(decision.outcome(), Outcome::Incomplete);
            assert_eq!(codes(&decision), [format!("{collector}-missing")]);
        }
        let nothing = policy.decide(&Assess::good().without_all().done(), &context()).unwrap();
        // The shipped rules miss more than the engine does.
        let said = |collector: &str| codes(&nothing).iter().any(|code| *code == format!("{collector}-missing"));
        assert!(REQUIRED.into_iter().all(said));
    }
}

#[test]
fn unavailable_evidence_never_passes_and_is_said_once() {
    for policy in [lenient(), Policy::embedded().unwrap()] {
        for kind in [CauseKind::Upstream, CauseKind::NotConfigured, CauseKind::Unsupported] {
            let assessment = Assess::good().with("diff", unavailable(kind)).done();
            let decision = policy.decide(&assessment, &context()).unwrap();
            assert_eq!(codes(&decision), ["diff-unavailable"]);
        }
    }
}

#[test]
fn evidence_about_another_release_is_no_evidence() {
    let decision = lenient().decide(&Assess::good().about_another("checksum").done(), &context()).unwrap();
    assert_eq!(codes(&decision), ["checksum-missing"]);
}

#[test]
fn two_findings_of_one_collector_are_an_error() {
    let assessment = Assess::good().and("checksum", Observation::Absent).done();
    let error = Policy::embedded().unwrap().decide(&assessment, &context()).unwrap_err();
    assert!(matches!(error, PolicyError::TwoFindings { .. }));
}

#[test]
fn a_malformed_lockfile_never_passes() {
    let error = LockfileError { path: "package-lock.json".into(), line: Some(3), column: None, message: "no".into() };
    let assessment = Assess::good().lockfile(LockfileStatus::Malformed { error }).done();
    for policy in [lenient(), Policy::embedded().unwrap()] {
        let decision = policy.decide(&assessment, &context()).unwrap();
        assert_eq!(codes(&decision), ["lockfile-malformed"]);
        assert_eq!(decision.reasons().next().unwrap().line, 3);
    }
}

#[test]
fn a_removed_release_needs_no_evidence() {
    let assessment = Assess::good().without_all().removed().done();
    assert_eq!(Policy::embedded().unwrap().decide(&assessment, &context()).unwrap(), Decision::Allow);
}

#[test]
fn an_address_that_only_looks_like_the_registry_is_denied() {
    for url in
        ["https://registry.example.test@evil.example.test/a.tgz", "https://registry.example.test.evil.test/a.tgz"]
    {
        let assessment = Assess::good().from(Origin::Registry { url: Some(url.into()) }).done();
        let decision = Policy::embedded().unwrap().decide(&assessment, &context()).unwrap();
        assert_eq!(codes(&decision), ["origin-not-allowed"], "{url}");
    }
}

#[test]
fn without_configured_registries_nothing_with_an_address_passes() {
    let decision = Policy::embedded().unwrap().decide(&Assess::good().done(), &Context::default()).unwrap();
    assert_eq!(codes(&decision), ["registry-hosts-unknown"]);
}

#[test]
fn a_bundled_release_is_left_to_the_rules() {
    let bundled = || {
        ["checksum", "license", "diff"]
            .into_iter()
            .fold(Assess::good(), |a, collector| a.with(collector, unavailable(CauseKind::Unsupported)))
            .from(Origin::Bundled { by: None })
    };
    let policy = Policy::embedded().unwrap();
    assert_eq!(policy.decide(&bundled().done(), &context()).unwrap(), Decision::Allow);
    let failed = bundled().with("license", unavailable(CauseKind::Upstream)).done();
    assert_eq!(codes(&policy.decide(&failed, &context()).unwrap()), ["license-unavailable"]);
}

#[test]
fn a_rule_that_fails_is_an_error_and_no_answer() {
    let failing = LENIENT.replace("some r in []", "some release in input.releases; r := to_number(release.name)");
    let policy = Policy::from_files(Files::from([("failing.rego".into(), failing)])).unwrap();
    let error = policy.decide(&Assess::good().done(), &context()).unwrap_err();
    assert!(error.to_string().contains("failing.rego:3"), "{error}");
}

#[test]
fn the_schema_of_the_question_is_committed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/policy-input-v1.json");
    let current = serde_json::to_string_pretty(&lockgate_policy::input::schema()).unwrap() + "\n";
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        std::fs::write(path, &current).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), current, "run the tests with INSTA_UPDATE=always");
}

#[test]
fn a_thousand_releases_are_judged_in_time() {
    let assessment = Assess::good().times(1000);
    let decision = Policy::embedded().unwrap().decide(&assessment, &context()).unwrap();
    assert_eq!(decision, Decision::Allow);
}

#[test]
fn a_cause_says_what_to_do() {
    let observation = Observation::Unavailable { cause: cause(CauseKind::NotConfigured).with_remedy("import a feed") };
    let decision =
        Policy::embedded().unwrap().decide(&Assess::good().with("advisory", observation).done(), &context()).unwrap();
    let reason = decision.reasons().next().unwrap();
    assert_eq!((reason.message.as_str(), reason.remedy.as_str()), ("it did not work", "import a feed"));
    assert_eq!((reason.purl.as_str(), reason.line), ("pkg:npm/left-pad@1.3.0", 12));
}
