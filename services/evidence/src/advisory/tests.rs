//! The collector: known-good, known-bad, absent (no record) and unavailable (no feed).

use super::*;
use crate::AdvisoryFeed;
use lockgate_model::{ChangeKind, Claims, LockedRelease, Origin, Release, ReleaseChange, Subject};
use semver_order::SemverOrder;
use serde_json::{Value, json};
use std::sync::Arc;

fn order(_: Ecosystem) -> &'static dyn VersionOrder {
    &SemverOrder
}

fn locked(version: &str) -> LockedRelease {
    LockedRelease {
        release: Release::new(Ecosystem::Npm, "left-pay", version),
        origin: Origin::Registry { url: None },
        digests: vec![],
        direct: None,
        dev: None,
        optional: false,
        alias: None,
        install_script: None,
        line: 1,
        depends_on: vec![],
    }
}

fn inputs(old: Option<&str>, new: &str, advisories: Result<AdvisoryFeed, Cause>) -> Inputs {
    let not_read = || Cause::new(CauseKind::NotFound, "not part of this test");
    Inputs {
        subject: Subject { release: locked(new).release, previous: old.map(str::to_owned) },
        change: ReleaseChange {
            kind: if old.is_some() { ChangeKind::Moved } else { ChangeKind::Added },
            lockfile: "package-lock.json".into(),
            old: old.map(locked),
            new: Some(locked(new)),
        },
        published: Err(not_read()),
        artifacts: Err(not_read()),
        previous: None,
        manifest_claims: Claims::default(),
        first_seen: vec![],
        advisories,
        signed: Err(not_read()),
    }
}

fn feed(records: Vec<Value>) -> Result<AdvisoryFeed, Cause> {
    let package = Package { ecosystem: Ecosystem::Npm, name: "left-pay".into() };
    let records = Arc::new(PackageRecords::read(package, &records, &SemverOrder));
    Ok(AdvisoryFeed { digest: Digest::sha256(b"feed"), imported_at: DateTime::UNIX_EPOCH, records })
}

fn facts(old: Option<&str>, new: &str, records: Vec<Value>) -> AdvisoryFacts {
    let observation = Advisory::new(order).collect(&inputs(old, new, feed(records))).unwrap();
    let Observation::Observed { facts } = observation else { panic!("{observation:?}") };
    serde_json::from_value(facts).unwrap()
}

fn record(id: &str, introduced: &str, fixed: &str) -> Value {
    json!({
        "schema_version": "1.7.0", "id": id, "modified": "2026-01-02T03:04:05Z", "aliases": ["CVE-2026-1"],
        "summary": "Pays left twice", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{"package": {"ecosystem": "npm", "name": "left-pay"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": introduced}, {"fixed": fixed}]}]}],
        "references": [{"type": "WEB", "url": "https://blog.example.test"}, {"type": "ADVISORY", "url": "https://advisories.example.test/1"}],
    })
}

#[test]
fn a_covered_release_is_described_in_full() {
    let facts = facts(Some("0.9.0"), "1.0.0", vec![record("GHSA-aaaa-bbbb-cccc", "1.0.0", "1.0.5")]);
    assert_eq!(
        serde_json::to_value(&facts).unwrap(),
        json!({
            "feed": Digest::sha256(b"feed").to_string(), "imported_at": "1970-01-01T00:00:00Z", "unreadable": [],
            "resolved": [],
            "matches": [{
                "id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2026-1"], "summary": "Pays left twice", "severity": "critical",
                "cvss": 9.8, "fixed": ["1.0.5"], "introduced_by_change": true, "withdrawn": false, "malicious": false,
                "url": "https://advisories.example.test/1",
            }],
        })
    );
}

#[test]
fn a_clean_release_has_no_match_and_that_is_observed() {
    let facts = facts(None, "1.0.5", vec![record("GHSA-aaaa-bbbb-cccc", "1.0.0", "1.0.5")]);
    assert_eq!((facts.matches.len(), facts.unreadable.len()), (0, 0));
}

#[test]
fn without_a_feed_the_attempt_fails_with_its_cause() {
    let cause = Cause::new(CauseKind::NotConfigured, "no feed was imported").with_remedy("lockgate advisories import");
    let failed = Advisory::new(order).collect(&inputs(None, "1.0.0", Err(cause.clone())));
    assert_eq!(failed, Err(cause));
}

#[test]
fn the_change_introduces_what_the_old_version_did_not_have() {
    let records = || vec![record("T-1", "1.0.0", "2.0.0")];
    assert!(!facts(Some("1.0.0"), "1.1.0", records()).matches[0].introduced_by_change, "had it already");
    assert!(facts(Some("0.9.0"), "1.1.0", records()).matches[0].introduced_by_change);
    assert!(facts(Some("2.0.0"), "1.1.0", records()).matches[0].introduced_by_change, "a downgrade below the fix");
    assert!(facts(None, "1.1.0", records()).matches[0].introduced_by_change, "new package");
    assert!(facts(Some("unreadable"), "1.1.0", records()).matches[0].introduced_by_change, "in doubt the change");
}

#[test]
fn a_fix_is_told_from_a_mere_update() {
    let records =
        || vec![record("T-1", "1.0.0", "2.0.0"), record("T-2", "0", "9.0.0"), record("T-3", "3.0.0", "4.0.0")];
    let resolved = |by_this_version| vec![Resolved { id: "T-1".into(), by_this_version }];
    assert_eq!(facts(Some("1.0.0"), "2.0.0", records()).resolved, resolved(true));
    assert_eq!(facts(Some("1.0.0"), "2.0.1", records()).resolved, resolved(false), "not the one that is named");
    assert_eq!(facts(Some("2.0.0"), "2.1.0", records()).resolved, [], "T-2 stays, the others never were");
    assert_eq!(facts(None, "2.0.0", records()).resolved, [], "there was nothing to mend");
    let mut withdrawn = record("T-1", "1.0.0", "2.0.0");
    withdrawn["withdrawn"] = json!("2026-02-01T00:00:00Z");
    assert_eq!(facts(Some("1.0.0"), "2.0.0", vec![withdrawn]).resolved, []);
}

#[test]
fn malice_and_withdrawal_are_said_and_order_the_matches() {
    let mut withdrawn = record("GHSA-1", "0", "9.0.0");
    withdrawn["withdrawn"] = json!("2026-02-01T00:00:00Z");
    let malicious = json!({"id": "MAL-2026-1", "affected": [{"package": {"ecosystem": "npm", "name": "left-pay"}, "versions": ["1.0.0"]}]});
    let mut mild = record("GHSA-0", "0", "9.0.0");
    mild["severity"] = Value::Null;
    mild["database_specific"] = json!({"severity": "LOW"});
    let found = facts(None, "1.0.0", vec![mild, withdrawn, malicious]).matches;
    let seen: Vec<_> = found.iter().map(|m| (m.id.as_str(), m.malicious, m.withdrawn, m.severity)).collect();
    assert_eq!(
        seen,
        [
            ("MAL-2026-1", true, false, Severity::Unknown),
            ("GHSA-1", false, true, Severity::Critical),
            ("GHSA-0", false, false, Severity::Low)
        ]
    );
}

#[test]
fn the_entrys_own_severity_replaces_the_records() {
    let mut one = record("T-1", "0", "9.0.0");
    one["affected"][0]["severity"] =
        json!([{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"}]);
    assert_eq!(facts(None, "1.0.0", vec![one]).matches[0].cvss, Some(3.1));
}

#[test]
fn what_cannot_be_judged_is_named() {
    let broken =
        json!({"id": "T-broken", "affected": [{"package": {"ecosystem": "npm", "name": "left-pay"}, "ranges": "all"}]});
    let records = vec![broken, json!(7), record("T-odd", "1.x", "2.0.0"), record("T-fine", "0", "9.0.0")];
    let facts = facts(None, "1.0.0", records);
    assert_eq!(facts.unreadable, ["(without id)", "T-broken", "T-odd"]);
    assert_eq!(facts.matches.len(), 1);
}

#[test]
fn the_answer_depends_on_the_feed_alone() {
    let known = inputs(None, "1.0.0", feed(vec![])).digests();
    assert_eq!(Advisory::new(order).inputs(&known), [Digest::sha256(b"feed")]);
    assert!(Advisory::new(order).inputs(&InputDigests::default()).is_empty());
}

#[test]
fn the_facts_have_a_schema() {
    let schema = serde_json::to_value(Advisory::new(order).facts_schema()).unwrap();
    assert!(schema["properties"]["unreadable"].is_object(), "{schema}");
}
