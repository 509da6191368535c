//! The audit export: what is written verifies, and whatever is changed is found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "each test file uses its part of the fixture")]
mod fixture;

use fixture::{at, chain, denied, mixed};
use lockgate_model::{Decision, Digest};
use lockgate_report::audit::{self, AuditError, AuditRow, Bundle};
use proptest::prelude::*;
use serde_json::{Value, json};

fn rows() -> Vec<AuditRow> {
    chain(3, &[denied(), Decision::Allow, mixed(), Decision::Allow])
}

fn exported(rows: &[AuditRow]) -> String {
    audit::json(rows, at(0), at(30))
}

fn verified(rows: &[AuditRow]) -> Result<audit::Verified, AuditError> {
    audit::verify(exported(rows).as_bytes())
}

#[test]
fn what_is_exported_verifies() {
    let verified = verified(&rows()).unwrap();
    assert_eq!((verified.decisions, verified.first, verified.last), (4, Some(3), Some(6)));
    assert_eq!(verified.last_hash, Some(rows()[3].decision.hash.clone()));
    assert!(verified.to_string().starts_with("4 decisions verified, 3 to 6, last hash sha256:"));
}

#[test]
fn layout_does_not_matter() {
    let value: Value = serde_json::from_str(&exported(&rows())).unwrap();
    assert!(audit::verify(value.to_string().as_bytes()).is_ok());
}

#[test]
fn no_decision_verifies_as_none() {
    assert_eq!(verified(&[]).unwrap().to_string(), "the bundle is sound and holds no decision");
}

#[test]
fn the_beginning_of_the_chain_verifies() {
    assert!(verified(&chain(1, &[Decision::Allow, denied()])).is_ok());
}

#[test]
fn an_altered_decision_is_named() {
    let mut rows = rows();
    rows[1].decision.actor = "somebody else".into();
    assert!(matches!(verified(&rows), Err(AuditError::Altered { sequence: 4, .. })));
}

#[test]
fn a_decision_rehashed_alone_breaks_the_next_link() {
    let mut rows = rows();
    rows[1].decision.actor = "somebody else".into();
    rows[1].decision.hash = rows[1].decision.expected_hash();
    assert!(matches!(verified(&rows), Err(AuditError::BrokenLink { sequence: 5, .. })));
}

#[test]
fn a_missing_doubled_or_moved_decision_is_named() {
    let missing: Vec<_> = rows().into_iter().filter(|row| row.decision.sequence != 5).collect();
    assert_eq!(verified(&missing), Err(AuditError::Gap { after: 4, found: 6 }));
    let mut doubled = rows();
    doubled.insert(1, doubled[1].clone());
    assert_eq!(verified(&doubled), Err(AuditError::Gap { after: 4, found: 4 }));
    let mut moved = rows();
    moved.swap(0, 1);
    assert_eq!(verified(&moved), Err(AuditError::Gap { after: 4, found: 3 }));
}

#[test]
fn a_chain_that_pretends_to_begin_is_found() {
    let mut rows = chain(1, &[Decision::Allow]);
    rows[0].decision.previous = Some(Digest::sha256(b"x"));
    rows[0].decision.hash = rows[0].decision.expected_hash();
    assert!(matches!(verified(&rows), Err(AuditError::BrokenLink { sequence: 1, .. })));
    let mut rows = chain(2, &[Decision::Allow]);
    rows[0].decision.previous = None;
    rows[0].decision.hash = rows[0].decision.expected_hash();
    assert!(matches!(verified(&rows), Err(AuditError::BrokenLink { sequence: 2, .. })));
}

#[test]
fn evidence_that_was_taken_away_is_found() {
    let mut rows = rows();
    rows[2].evidence.pop();
    assert_eq!(verified(&rows), Err(AuditError::OtherEvidence { sequence: 5 }));
}

#[test]
fn what_the_hash_does_not_cover_is_found_too() {
    let edit = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = Bundle::new(rows(), at(0), at(30));
        change(&mut bundle);
        audit::verify(serde_json::to_string(&bundle).unwrap().as_bytes())
    };
    assert!(matches!(edit(&|b| b.rows[0].releases[0].purl.push('x')), Err(AuditError::Digest { .. })));
    assert!(matches!(edit(&|b| b.since = at(1)), Err(AuditError::Digest { .. })));
    assert_eq!(edit(&|b| b.count = 3), Err(AuditError::Header { field: "count" }));
    assert_eq!(edit(&|b| b.last_hash = None), Err(AuditError::Header { field: "last_hash" }));
    assert_eq!(edit(&|b| b.version = 2), Err(AuditError::Version(2)));
}

#[test]
fn fields_that_are_not_ours_are_found() {
    let mut value: Value = serde_json::from_str(&exported(&rows())).unwrap();
    value["rows"][1]["decision"]["note"] = json!("looks fine");
    assert_eq!(audit::verify(value.to_string().as_bytes()), Err(AuditError::Foreign { sequence: 4 }));
    let doubled = exported(&rows()).replacen("\"count\": 4", "\"count\": 9, \"count\": 4", 1);
    assert!(matches!(audit::verify(doubled.as_bytes()), Err(AuditError::NotABundle(why)) if why.contains("twice")));
}

#[test]
fn anything_else_is_no_bundle() {
    for text in ["", "[]", "{}", "null", "{\"version\": 1}", &"[".repeat(10_000)] {
        assert!(matches!(audit::verify(text.as_bytes()), Err(AuditError::NotABundle(_))), "{text:.20}");
    }
}

/// Every place of the bundle where a value stands.
fn places(value: &Value, path: String, places: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| self::places(v, format!("{path}/{k}"), places)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| self::places(v, format!("{path}/{i}"), places))
        }
        _ => places.push(path),
    }
}

fn flipped(value: &Value, salt: usize) -> Value {
    match value {
        Value::String(text) => {
            let mut characters: Vec<char> = text.chars().collect();
            if characters.is_empty() {
                return json!("x");
            }
            let index = salt % characters.len();
            characters[index] = if characters[index] == '7' { '8' } else { '7' };
            Value::String(characters.into_iter().collect())
        }
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::Bool(flag) => json!(!flag),
        _ => json!("x"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_single_change_is_detected(place: prop::sample::Index, salt: usize) {
        let value: Value = serde_json::from_str(&exported(&rows())).unwrap();
        let mut all = Vec::new();
        places(&value, String::new(), &mut all);
        let path = place.get(&all);
        let mut changed = value.clone();
        let target = changed.pointer_mut(path).unwrap();
        *target = flipped(target, salt);
        prop_assert!(audit::verify(changed.to_string().as_bytes()).is_err(), "{} was changed unseen", path);
    }

    #[test]
    fn any_removed_value_is_detected(place: prop::sample::Index) {
        let mut value: Value = serde_json::from_str(&exported(&rows())).unwrap();
        let mut all = Vec::new();
        places(&value, String::new(), &mut all);
        let path = place.get(&all).clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        match value.pointer_mut(parent).unwrap() {
            Value::Object(map) => drop(map.remove(key)),
            Value::Array(items) => drop(items.remove(key.parse().unwrap())),
            _ => unreachable!("a parent holds values"),
        }
        prop_assert!(audit::verify(value.to_string().as_bytes()).is_err(), "{} was removed unseen", path);
    }

    #[test]
    fn nothing_makes_it_panic(bytes: Vec<u8>) {
        let _ = audit::verify(&bytes);
    }
}

/// `rows` whose text is hostile to the format.
fn hostile() -> Vec<AuditRow> {
    let mut rows = chain(1, &[mixed()]);
    rows[0].decision.actor = "=HYPERLINK(\"https://evil.example.test\")<script>".into();
    rows[0].releases[0].purl = "<b>pkg</b>".into();
    rows
}

#[test]
fn csv_for_readers() {
    insta::assert_snapshot!(audit::csv(&[rows(), hostile()].concat()));
}

#[test]
fn html_for_readers() {
    let page = audit::html(&[rows(), hostile()].concat(), at(0), at(30));
    assert!(!page.contains("<script>") && !page.contains("<b>pkg"));
    insta::assert_snapshot!(page);
}
