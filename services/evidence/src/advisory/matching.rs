//! Whether an OSV record covers a release: the OSV schema's evaluation algorithm.
//!
//! The one departure: what cannot be compared is never "not affected". A version that the ecosystem's order
//! does not know, or a range of an unknown kind, makes the answer [`MatchResult::Unreadable`], unless another
//! range or the explicit list already says "affected".

use super::osv::{Affected, Event, Range, RangeKind, Record};
use lockgate_model::{Release, VersionError, VersionOrder};
use std::cmp::Ordering;

/// What a record says of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchResult {
    /// The record is about other packages or other versions.
    NotAffected,
    Affected {
        /// Index into [`Record::affected`]: the entry that covers the release.
        entry: usize,
        /// Later versions that the record names as fixed, lowest first.
        fixed: Vec<String>,
    },
    /// The record is about this package, and whether it covers this version cannot be told.
    Unreadable { why: String },
}

/// What one range, or one entry, says.
enum Answer {
    No,
    Yes,
    Unknown(String),
}

/// Evaluates `record` for `release` (OSV schema, section "Evaluation").
pub fn matches(record: &Record, release: &Release, versions: &dyn VersionOrder) -> MatchResult {
    let about =
        |a: &Affected| a.package.as_ref().is_some_and(|p| p.ecosystem == release.ecosystem && p.name == release.name);
    let mut unknown = None;
    let entries: Vec<_> = record.affected.iter().enumerate().filter(|(_, a)| about(a)).collect();
    for (index, entry) in &entries {
        match in_entry(entry, &release.version, versions) {
            Answer::Yes => {
                let fixed = fixed_versions(entries.iter().map(|(_, e)| *e), &release.version, versions);
                return MatchResult::Affected { entry: *index, fixed };
            }
            Answer::Unknown(why) => unknown = unknown.or(Some(why)),
            Answer::No => {}
        }
    }
    unknown.map_or(MatchResult::NotAffected, |why| MatchResult::Unreadable { why })
}

fn in_entry(entry: &Affected, version: &str, versions: &dyn VersionOrder) -> Answer {
    // Neither versions nor ranges: the record means the package as such.
    if entry.versions.is_empty() && entry.ranges.is_empty() {
        return Answer::Yes;
    }
    if is_listed(&entry.versions, version, versions) {
        return Answer::Yes;
    }
    let mut unknown = None;
    for range in entry.ranges.iter().filter(|r| r.kind != RangeKind::Git) {
        match in_range(range, version, versions) {
            Answer::Yes => return Answer::Yes,
            Answer::Unknown(why) => unknown = unknown.or(Some(why)),
            Answer::No => {}
        }
    }
    if unknown.is_none() && entry.versions.is_empty() && entry.ranges.iter().all(|r| r.kind == RangeKind::Git) {
        unknown = Some("it names git commits only, and no published version".to_owned());
    }
    unknown.map_or(Answer::No, Answer::Unknown)
}

/// Spelled alike, or equal in the ecosystem's order (PyPI's `1.0` is `1.0.0`).
fn is_listed(listed: &[String], version: &str, versions: &dyn VersionOrder) -> bool {
    listed.iter().any(|v| v == version)
        || listed.iter().any(|v| matches!(versions.compare(v, version), Ok(Ordering::Equal)))
}

fn in_range(range: &Range, version: &str, versions: &dyn VersionOrder) -> Answer {
    if let RangeKind::Unknown(kind) = &range.kind {
        return Answer::Unknown(format!("its range is of the unknown kind {kind:?}"));
    }
    match evaluate(&range.events, version, versions) {
        Ok(true) => Answer::Yes,
        Ok(false) => Answer::No,
        Err(error) => Answer::Unknown(error.to_string()),
    }
}

/// The state after the last event at or below `version`. Each event is compared with the version once, so a
/// range costs O(n) comparisons, and O(n log n) only among the events that lie below.
fn evaluate(events: &[Event], version: &str, versions: &dyn VersionOrder) -> Result<bool, VersionError> {
    // 1. The version itself must be one, even where every event would answer without looking at it.
    versions.compare(version, version)?;
    // 2. Before the limits: any limit above will do; no limit means no bound.
    let mut limits = events.iter().filter(|e| matches!(e, Event::Limit(_))).peekable();
    if limits.peek().is_some() && !before_any(limits, version, versions)? {
        return Ok(false);
    }
    // 3. Events that lie at or below the version, in order.
    let mut passed = Vec::new();
    for event in events {
        let order = compare_to_event(version, event, versions)?;
        let passes = match event {
            Event::Introduced(_) | Event::Fixed(_) => order != Ordering::Less,
            Event::LastAffected(_) => order == Ordering::Greater,
            Event::Limit(_) => false,
        };
        if passes {
            passed.push(event);
        }
    }
    // 4. The greatest of them decides.
    let mut last: Option<&Event> = None;
    for event in passed {
        last = match last {
            Some(before) if order_events(event, before, versions)? == Ordering::Less => Some(before),
            _ => Some(event),
        };
    }
    Ok(matches!(last, Some(Event::Introduced(_))))
}

fn before_any<'a>(
    limits: impl Iterator<Item = &'a Event>,
    version: &str,
    versions: &dyn VersionOrder,
) -> Result<bool, VersionError> {
    for limit in limits {
        if limit.version() == "*" || versions.compare(version, limit.version())? == Ordering::Less {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `introduced: "0"` lies before every version, whatever the order makes of `0`.
fn compare_to_event(version: &str, event: &Event, versions: &dyn VersionOrder) -> Result<Ordering, VersionError> {
    match event {
        Event::Introduced(at) if at == "0" => Ok(Ordering::Greater),
        Event::Limit(_) => Ok(Ordering::Less),
        other => versions.compare(version, other.version()),
    }
}

/// At one version `last_affected` comes last (`introduced` beside it leaves that version alone affected);
/// otherwise the record's own order stands, since the later of two equals is `event`.
fn order_events(event: &Event, before: &Event, versions: &dyn VersionOrder) -> Result<Ordering, VersionError> {
    let is_start = |e: &Event| matches!(e, Event::Introduced(at) if at == "0");
    let order = match (is_start(event), is_start(before)) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => versions.compare(event.version(), before.version())?,
    };
    let ends = |e: &Event| matches!(e, Event::LastAffected(_));
    Ok(order.then(ends(event).cmp(&ends(before))))
}

/// Fixed versions above `version`, lowest first, each once; one that cannot be compared is kept, at the end.
fn fixed_versions<'a>(
    entries: impl Iterator<Item = &'a Affected>,
    version: &str,
    versions: &dyn VersionOrder,
) -> Vec<String> {
    let events = entries.flat_map(|e| &e.ranges).filter(|r| r.kind != RangeKind::Git).flat_map(|r| &r.events);
    let fixed = events.filter_map(|e| match e {
        Event::Fixed(at) => Some(at.as_str()),
        _ => None,
    });
    let (mut comparable, mut others) = (Vec::new(), Vec::new());
    for at in fixed {
        match versions.compare(at, version) {
            Ok(Ordering::Greater) => comparable.push(at),
            Ok(_) => {}
            Err(_) => others.push(at),
        }
    }
    comparable.sort_by(|a, b| versions.compare(a, b).unwrap_or(Ordering::Equal).then_with(|| a.cmp(b)));
    others.sort_unstable();
    comparable.extend(others);
    comparable.dedup();
    comparable.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::semver_order::SemverOrder;
    use lockgate_model::Ecosystem;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn verdict(affected: Value, version: &str) -> MatchResult {
        let mut entry = affected;
        entry["package"] = json!({"ecosystem": "npm", "name": "left-pay"});
        let record = Record::from_value(&json!({"id": "T-1", "affected": [entry]})).unwrap();
        matches(&record, &Release::new(Ecosystem::Npm, "left-pay", version), &SemverOrder)
    }

    fn range(kind: &str, events: Value) -> Value {
        json!({"ranges": [{"type": kind, "events": events}]})
    }

    /// `'+'` affected, `'-'` not, `'?'` unreadable, for each version in turn.
    fn verdicts(affected: &Value, versions: &[&str]) -> String {
        let sign = |v: &&str| match verdict(affected.clone(), v) {
            MatchResult::Affected { .. } => '+',
            MatchResult::NotAffected => '-',
            MatchResult::Unreadable { .. } => '?',
        };
        versions.iter().map(sign).collect()
    }

    #[test]
    fn fixed_is_exclusive_and_introduced_inclusive() {
        let affected = range("SEMVER", json!([{"introduced": "1.0.0"}, {"fixed": "1.2.0"}]));
        assert_eq!(verdicts(&affected, &["0.9.9", "1.0.0", "1.1.9", "1.2.0", "1.2.1"]), "-++--");
    }

    #[test]
    fn a_prerelease_of_the_fix_is_still_affected_and_one_of_the_introduction_is_not() {
        let affected = range("SEMVER", json!([{"introduced": "1.0.0"}, {"fixed": "1.2.0"}]));
        assert_eq!(verdicts(&affected, &["1.0.0-rc.1", "1.2.0-rc.1", "1.2.0+build"]), "-+-");
        let from_start = range("SEMVER", json!([{"introduced": "0.0.0-0"}, {"fixed": "1.0.0"}]));
        assert_eq!(verdicts(&from_start, &["0.0.0-alpha", "0.0.0"]), "++");
    }

    #[test]
    fn zero_is_before_everything() {
        let affected = range("ECOSYSTEM", json!([{"introduced": "0"}, {"fixed": "1.0.0"}]));
        assert_eq!(verdicts(&affected, &["0.0.0-a", "0.0.1", "1.0.0"]), "++-");
        let for_ever = range("ECOSYSTEM", json!([{"introduced": "0"}]));
        assert_eq!(verdicts(&for_ever, &["0.0.0-a", "99.0.0"]), "++");
    }

    #[test]
    fn last_affected_is_inclusive_whatever_the_order_of_events() {
        for events in [
            json!([{"introduced": "1.0.0"}, {"last_affected": "1.4.0"}]),
            json!([{"last_affected": "1.4.0"}, {"introduced": "1.0.0"}]),
        ] {
            assert_eq!(verdicts(&range("SEMVER", events), &["1.0.0", "1.4.0", "1.4.1-rc.1", "1.4.1"]), "++--");
        }
        for events in [
            json!([{"introduced": "1.0.0"}, {"last_affected": "1.0.0"}]),
            json!([{"last_affected": "1.0.0"}, {"introduced": "1.0.0"}]),
        ] {
            assert_eq!(verdicts(&range("SEMVER", events), &["0.9.0", "1.0.0", "1.0.1"]), "-+-");
        }
    }

    #[test]
    fn several_windows_in_one_range_unsorted() {
        let events = json!([{"fixed": "3.0.1"}, {"introduced": "3.0.0"}, {"fixed": "1.5.0"}, {"introduced": "0"}]);
        let affected = range("SEMVER", events);
        assert_eq!(verdicts(&affected, &["0.1.0", "1.4.9", "1.5.0", "2.9.9", "3.0.0", "3.0.1"]), "++--+-");
    }

    #[test]
    fn limits_bound_the_whole_range() {
        let affected = range("SEMVER", json!([{"introduced": "1.0.0"}, {"limit": "2.0.0"}]));
        assert_eq!(verdicts(&affected, &["0.9.0", "1.0.0", "1.9.9", "2.0.0", "3.0.0"]), "-++--");
        let several = range("SEMVER", json!([{"introduced": "1.0.0"}, {"limit": "2.0.0"}, {"limit": "4.0.0"}]));
        assert_eq!(verdicts(&several, &["3.0.0", "4.0.0"]), "+-");
        let open = range("SEMVER", json!([{"introduced": "1.0.0"}, {"limit": "*"}]));
        assert_eq!(verdicts(&open, &["1.0.0", "9.0.0"]), "++");
    }

    #[test]
    fn listed_versions_count_beside_ranges_and_by_equality() {
        let affected = json!({"versions": ["5.0.0"], "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.1.0"}]}]});
        assert_eq!(verdicts(&affected, &["1.0.5", "5.0.0", "5.0.1"]), "++-");
        assert_eq!(verdicts(&json!({"versions": ["v-odd"]}), &["v-odd"]), "+");
    }

    #[test]
    fn an_entry_without_versions_and_ranges_means_the_whole_package() {
        assert_eq!(verdicts(&json!({}), &["1.0.0", "not a version"]), "++");
    }

    #[test]
    fn what_cannot_be_compared_is_unreadable_and_never_clean() {
        let sound = range("SEMVER", json!([{"introduced": "0"}, {"fixed": "1.0.0"}]));
        assert_eq!(verdicts(&sound, &["not a version"]), "?");
        assert_eq!(verdicts(&range("SEMVER", json!([{"introduced": "0"}])), &["not a version"]), "?");
        assert_eq!(verdicts(&range("SEMVER", json!([{"introduced": "0"}, {"fixed": "?!"}])), &["1.0.0"]), "?");
        assert_eq!(verdicts(&range("RPM", json!([{"introduced": "0"}])), &["1.0.0"]), "?");
        let MatchResult::Unreadable { why } = verdict(sound, "not a version") else { panic!("readable") };
        assert!(why.contains("not a version"), "{why}");
    }

    #[test]
    fn a_readable_hit_outweighs_an_unreadable_range() {
        let affected = json!({"ranges": [
            {"type": "SEMVER", "events": [{"introduced": "?!"}]},
            {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]},
        ]});
        assert_eq!(verdicts(&affected, &["1.0.0", "2.0.0"]), "+?");
    }

    #[test]
    fn commits_are_passed_over_beside_versions_and_unreadable_alone() {
        let git = json!({"type": "GIT", "repo": "https://git.example.test/x", "events": [{"introduced": "0"}]});
        assert_eq!(verdicts(&json!({"ranges": [git]}), &["1.0.0"]), "?");
        assert_eq!(verdicts(&json!({"ranges": [git], "versions": ["2.0.0"]}), &["1.0.0", "2.0.0"]), "-+");
    }

    #[test]
    fn other_packages_and_ecosystems_do_not_match() {
        let record = json!({"id": "T-1", "affected": [
            {"package": {"ecosystem": "npm", "name": "left-pad"}},
            {"package": {"ecosystem": Ecosystem::Cargo.osv_name(), "name": "left-pay"}},
            {"versions": ["1.0.0"]},
        ]});
        let record = Record::from_value(&record).unwrap();
        let release = Release::new(Ecosystem::Npm, "left-pay", "1.0.0");
        assert_eq!(matches(&record, &release, &SemverOrder), MatchResult::NotAffected);
    }

    #[test]
    fn fixes_are_the_later_ones_lowest_first() {
        let affected = json!({"ranges": [
            {"type": "SEMVER", "events": [{"introduced": "2.0.0"}, {"fixed": "2.10.0"}]},
            {"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.9.0"}]},
            {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.9.0"}]},
            {"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.9.0"}]},
        ]});
        let MatchResult::Affected { fixed, entry } = verdict(affected, "1.3.0") else { panic!("not affected") };
        assert_eq!((fixed, entry), (vec!["1.9.0".to_owned(), "2.10.0".to_owned()], 0));
    }

    /// The schema's pseudocode, word for word: sort, then walk.
    fn reference(events: &[Event], version: u64) -> bool {
        let number = |e: &Event| e.version().split('.').next().unwrap().parse::<u64>().unwrap();
        let mut sorted: Vec<_> = events.iter().collect();
        sorted.sort_by_key(|e| (number(e), matches!(e, Event::LastAffected(_))));
        let limits: Vec<_> = events.iter().filter(|e| matches!(e, Event::Limit(_))).collect();
        if !limits.is_empty() && !limits.iter().any(|l| version < number(l)) {
            return false;
        }
        let mut vulnerable = false;
        for event in sorted {
            match event {
                Event::Introduced(_) if version >= number(event) => vulnerable = true,
                Event::Fixed(_) if version >= number(event) => vulnerable = false,
                Event::LastAffected(_) if version > number(event) => vulnerable = false,
                _ => {}
            }
        }
        vulnerable
    }

    proptest! {
        #[test]
        fn agrees_with_the_schemas_pseudocode(raw in proptest::collection::vec((0u8..4, 0u64..8), 0..8), version in 0u64..9) {
            let events: Vec<Event> = raw.iter().map(|&(kind, at)| {
                let at = format!("{at}.0.0");
                match kind { 0 => Event::Introduced(at), 1 => Event::Fixed(at), 2 => Event::LastAffected(at), _ => Event::Limit(at) }
            }).collect();
            let found = evaluate(&events, &format!("{version}.0.0"), &SemverOrder).unwrap();
            prop_assert_eq!(found, reference(&events, version));
        }

        #[test]
        fn no_text_panics(kind in "SEMVER|ECOSYSTEM|X", event in "introduced|fixed|last_affected|limit", at: String, version: String) {
            let _ = verdict(range(&kind, json!([{"introduced": "0"}, {event: at}])), &version);
        }
    }
}
