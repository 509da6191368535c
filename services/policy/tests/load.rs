//! Which bundles are refused when they are loaded, and what the message says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lockgate_policy::{Files, Policy, PolicyError, PolicyHandle, TestOutcome, test_files};
use std::{fs, time::Duration};

const RULES: &str =
    "package lockgate\n\ndeny contains r if { some r in [] }\n\nincomplete contains r if { some r in [] }\n";

fn files(extra: &[(&str, &str)]) -> Files {
    let mut files = Files::from([("lockgate/rules.rego".to_owned(), RULES.to_owned())]);
    files.extend(extra.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())));
    files
}

fn refused(extra: &[(&str, &str)]) -> PolicyError {
    Policy::from_files(files(extra)).unwrap_err()
}

#[test]
fn a_smallest_bundle_loads() {
    assert!(Policy::from_files(files(&[])).is_ok());
}

#[test]
fn a_syntax_error_names_file_and_line() {
    let error = refused(&[("lockgate/b.rego", "package lockgate\n\nx := \n}")]);
    assert!(error.to_string().starts_with("compile policy lockgate/b.rego:4:1: "), "{error}");
    assert!(error.to_string().ends_with("mend the file and run lockgate policy test"), "{error}");
}

#[test]
fn broken_data_names_file_and_line() {
    let error = refused(&[("data/hosts.json", "{\n\"a\": ,\n}")]);
    assert!(matches!(&error, PolicyError::Data { place, .. } if place == "data/hosts.json:2"), "{error}");
}

#[test]
fn data_cannot_stand_in_for_rules() {
    assert!(matches!(refused(&[("data/lockgate.json", "{\"deny\": []}")]), PolicyError::Data { .. }));
    assert!(matches!(refused(&[("data/Bad Name.json", "{}")]), PolicyError::Data { .. }));
}

#[test]
fn a_bundle_must_define_both_questions() {
    let only_deny = Files::from([("a.rego".into(), "package lockgate\n\ndeny contains 1 if false\n".into())]);
    let error = Policy::from_files(only_deny).unwrap_err();
    assert_eq!(error, PolicyError::MissingRule { rule: "data.lockgate.incomplete" });
}

#[test]
fn an_empty_bundle_is_refused() {
    let tests_alone = Files::from([("a_test.rego".into(), RULES.into())]);
    assert_eq!(Policy::from_files(tests_alone).unwrap_err(), PolicyError::Empty);
}

#[test]
fn rules_of_the_wrong_type_are_refused() {
    for rules in [
        "deny := true",
        "deny := {\"a\": 1}",
        "deny := 1 if false",
        "deny contains \"text\"",
        "deny contains {\"code\": \"a\"}",
    ] {
        let text = format!("package lockgate\n\n{rules}\n\nincomplete contains r if {{ some r in [] }}\n");
        let error = Policy::from_files(Files::from([("a.rego".into(), text)])).unwrap_err();
        assert!(matches!(error, PolicyError::WrongResult { .. }), "{rules}: {error}");
    }
}

#[test]
fn what_cannot_be_replayed_is_refused() {
    for call in ["time.now_ns() > 0", "rand.intn(\"x\", 2) == 0", "uuid.rfc4122(\"x\") == \"\"", "http.send({}).ok"] {
        let error = refused(&[("lockgate/b.rego", &format!("package lockgate\n\nx if {call}\n"))]);
        assert!(matches!(&error, PolicyError::NotRepeatable { place, .. } if place == "lockgate/b.rego:3"), "{error}");
    }
}

#[test]
fn a_package_of_several_files_is_not_used_as_a_whole() {
    let second = ("lockgate/second.rego", "package lockgate\n\nx := 1\n");
    for (text, line) in [
        ("package other\n\nimport data.lockgate\n\ny := lockgate.x\n", 3),
        ("package other\n\ny := data.lockgate[name] if some name in [\"x\"]\n", 3),
        ("package other\n\ny := [1 | data[\"lockgate\"]]\n", 3),
        ("package other\n\ny := z[object.keys(data.lockgate)[0]]\n\nz := {}\n", 3),
        ("package other\n\ny := data\n", 3),
    ] {
        let error = refused(&[second, ("other.rego", text)]);
        let place = format!("other.rego:{line}");
        assert!(matches!(&error, PolicyError::WholePackage { place: found, .. } if *found == place), "{text}{error}");
    }
    for text in [
        "package other\n\ny := data.lockgate.x\n",
        "package other\n\nimport data.lockgate.x\n\ny := x\n",
        "package other\n\nimport data.thresholds\n\ny := thresholds.a\n",
        "package other\n\ny := data.lockgates\n",
    ] {
        assert!(Policy::from_files(files(&[second, ("other.rego", text)])).is_ok(), "{text}");
    }
}

#[test]
fn an_endless_rule_is_cut_off() {
    let slow = "package lockgate\n\ndeny contains x if { some a in numbers.range(1, 4000); some b in numbers.range(1, 4000); a * b == 0; x := a }\n\nincomplete contains r if { some r in [] }\n";
    let slow = Files::from([("slow.rego".to_owned(), slow.to_owned())]);
    let limit = Duration::from_millis(200);
    let error = Policy::with_limit(slow, limit).unwrap_err();
    assert_eq!(error, PolicyError::TimedOut { rule: "data.lockgate.deny".into(), limit });
}

#[test]
fn a_bundle_can_be_rebuilt_from_its_files() {
    let policy = Policy::embedded().unwrap();
    let rebuilt = Policy::from_files(policy.files().clone()).unwrap();
    assert_eq!(policy.digest(), rebuilt.digest());
}

#[test]
fn a_failed_reload_changes_nothing() {
    let handle = PolicyHandle::new(Policy::embedded().unwrap());
    let before = handle.current().digest().clone();
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(handle.reload(&dir.path().join("absent")), Err(PolicyError::Read { .. })));
    fs::write(dir.path().join("rules.rego"), "package lockgate\n\ndeny contains").unwrap();
    assert!(matches!(handle.reload(dir.path()), Err(PolicyError::Compile { .. })));
    assert_eq!(handle.current().digest(), &before);
    fs::write(dir.path().join("rules.rego"), RULES).unwrap();
    let reloaded = handle.reload(dir.path()).unwrap();
    assert_eq!(handle.current().digest(), reloaded.digest());
    assert_ne!(reloaded.digest(), &before);
}

#[test]
fn tests_fail_when_false_undefined_or_twice() {
    let tests = "package t_test\n\ntest_true if true\n\ntest_undefined if false\n\ntest_false := false\n\ntest_twice if true\n\ntest_twice if false\n\ntest_error if to_number(\"x\") == 1\n";
    let report = test_files(files(&[("t_test.rego", tests)])).unwrap();
    assert_eq!(report.passed, 1);
    assert_eq!(report.outcome(), TestOutcome::Failed);
    let failed: Vec<_> = report.failed.iter().map(|f| (f.name.as_str(), f.line, f.why.as_str())).collect();
    assert_eq!(failed[0], ("test_undefined", 5, "the rule is undefined"));
    assert_eq!(failed[1], ("test_false", 7, "it is false and not true"));
    assert_eq!((failed[2].0, failed[2].1), ("test_twice", 9));
    assert_eq!((failed[3].0, failed[3].1), ("test_error", 13));
}

#[test]
fn no_tests_are_not_passed_tests() {
    assert_eq!(test_files(files(&[])).unwrap().outcome(), TestOutcome::NoTests);
}
