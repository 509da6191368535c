//! Whether an OSV record covers a release: the OSV schema's evaluation algorithm.
//!
//! The one departure: what cannot be compared is never "not affected". A version that the ecosystem's order
//! does not know, or a range of an unknown kind, makes the answer [`MatchResult::Unreadable`], unless another
//! range or the explicit list already says "affected".
//!
//! A record is prepared once and held against many releases: every version in it is read when it is prepared, so that
//! a look at it compares bytes.

use super::osv::{Affected, Event, Package, Range, RangeKind, Record};
use lockgate_model::{Release, VersionError, VersionKey, VersionOrder};
use std::{cmp::Ordering, sync::Arc};

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

/// A record that was read for one package.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its versions and the entries of other packages are left out: they are not needed any more.
    record: Box<Record>,
    package: Arc<Package>,
    entries: Vec<Entry>,
}

/// An entry of `affected` about the package.
#[derive(Debug, Clone)]
struct Entry {
    /// Index into [`Record::affected`].
    index: usize,
    /// Neither versions nor ranges: the record means the package as such.
    everything: bool,
    /// Versions listed one by one, sorted.
    listed: Vec<VersionKey>,
    /// Listed texts that are no versions of the ecosystem.
    odd: Vec<String>,
    ranges: Vec<Result<Vec<Boundary>, String>>,
    /// No version above this one is covered; `None` where that cannot be said. Most questions are about versions above
    /// it, and end here.
    highest: Option<VersionKey>,
    /// Why nothing can be told of a version that the entry does not list.
    silent: Option<&'static str>,
}

/// An event of a range.
#[derive(Debug, Clone)]
struct Boundary {
    kind: Kind,
    at: Position,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Introduced,
    Fixed,
    LastAffected,
    Limit,
}

#[derive(Debug, Clone)]
enum Position {
    /// Before every version: `introduced: "0"`, whatever the order makes of `0`.
    Start,
    At(VersionKey),
    /// After every version: `limit: "*"`.
    End,
    Unreadable(Box<VersionError>),
}

/// A version that is asked about.
pub(super) struct Asked<'a> {
    release: &'a Release,
    key: Result<VersionKey, VersionError>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(release: &'a Release, versions: &dyn VersionOrder) -> Self {
        Self { release, key: versions.key(&release.version) }
    }
}

impl Prepared {
    pub fn new(mut record: Record, package: &Arc<Package>, versions: &dyn VersionOrder) -> Self {
        let about = |entry: &Affected| entry.package.as_ref() == Some(&**package);
        let entries: Vec<_> = record.affected.iter().enumerate().filter(|(_, entry)| about(entry)).collect();
        let entries = entries.into_iter().map(|(index, entry)| Entry::new(index, entry, versions)).collect();
        for entry in &mut record.affected {
            entry.versions = Vec::new();
            if !about(entry) {
                entry.ranges = Vec::new();
            }
        }
        Self { record: Box::new(record), package: Arc::clone(package), entries }
    }

    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Evaluates the record for `release` (OSV schema, section "Evaluation").
    pub fn matches(&self, release: &Release, versions: &dyn VersionOrder) -> MatchResult {
        self.holds(&Asked::new(release, versions), versions)
    }

    pub(super) fn holds(&self, asked: &Asked<'_>, versions: &dyn VersionOrder) -> MatchResult {
        let Asked { release, key } = asked;
        if (self.package.ecosystem, &self.package.name) != (release.ecosystem, &release.name) {
            return MatchResult::NotAffected;
        }
        let mut unknown = None;
        for entry in &self.entries {
            match entry.covers(&release.version, key) {
                Answer::Yes => {
                    let entries = self.entries.iter().map(|entry| &self.record.affected[entry.index]);
                    let fixed = fixed_versions(entries, &release.version, versions);
                    return MatchResult::Affected { entry: entry.index, fixed };
                }
                Answer::Unknown(why) => unknown = unknown.or(Some(why)),
                Answer::No => {}
            }
        }
        unknown.map_or(MatchResult::NotAffected, |why| MatchResult::Unreadable { why })
    }
}

impl Entry {
    fn new(index: usize, entry: &Affected, versions: &dyn VersionOrder) -> Self {
        let (mut listed, mut odd) = (Vec::with_capacity(entry.versions.len()), Vec::new());
        for text in &entry.versions {
            match versions.key(text) {
                Ok(key) => listed.push(key),
                Err(_) => odd.push(text.clone()),
            }
        }
        listed.sort_unstable();
        listed.dedup();
        let told: Vec<_> = entry.ranges.iter().filter(|range| range.kind != RangeKind::Git).collect();
        let commits_only = entry.versions.is_empty() && told.is_empty();
        let boundaries = |range: &Range| match &range.kind {
            RangeKind::Unknown(kind) => Err(format!("its range is of the unknown kind {kind:?}")),
            _ => Ok(range.events.iter().map(|event| Boundary::new(event, versions)).collect()),
        };
        let ranges: Vec<Result<Vec<Boundary>, String>> = told.into_iter().map(boundaries).collect();
        let everything = entry.versions.is_empty() && entry.ranges.is_empty();
        let highest = if everything || commits_only { None } else { highest(&listed, &ranges) };
        let silent = commits_only.then_some("it names git commits only, and no published version");
        Self { index, everything, listed, odd, ranges, highest, silent }
    }

    fn covers(&self, version: &str, key: &Result<VersionKey, VersionError>) -> Answer {
        if let (Ok(key), Some(highest)) = (key, &self.highest)
            && key > highest
        {
            return Answer::No;
        }
        if self.everything || self.lists(version, key) {
            return Answer::Yes;
        }
        let mut unknown = None;
        for range in &self.ranges {
            let said = match range {
                Ok(events) => evaluate(events, key).map_err(|error| error.to_string()),
                Err(why) => Err(why.clone()),
            };
            match said {
                Ok(true) => return Answer::Yes,
                Ok(false) => {}
                Err(why) => unknown = unknown.or(Some(why)),
            }
        }
        let unknown = unknown.or_else(|| self.silent.map(str::to_owned));
        unknown.map_or(Answer::No, Answer::Unknown)
    }

    /// Spelled alike, or equal in the ecosystem's order (PyPI's `1.0` is `1.0.0`).
    fn lists(&self, version: &str, key: &Result<VersionKey, VersionError>) -> bool {
        match key {
            Ok(key) => self.listed.binary_search(key).is_ok(),
            Err(_) => self.odd.iter().any(|text| text == version),
        }
    }
}

/// The highest version that is listed or at which something changes, where nothing is open above it.
fn highest(listed: &[VersionKey], ranges: &[Result<Vec<Boundary>, String>]) -> Option<VersionKey> {
    let mut highest = listed.last();
    for range in ranges {
        let mut last: Option<&Boundary> = None;
        for event in range.as_ref().ok()? {
            match &event.at {
                Position::At(key) => highest = highest.max(Some(key)),
                Position::Start | Position::End => {}
                Position::Unreadable(_) => return None,
            }
            if event.kind != Kind::Limit && last.is_none_or(|earlier| !event.is_before(earlier)) {
                last = Some(event);
            }
        }
        if last.is_some_and(|event| event.kind == Kind::Introduced) {
            return None;
        }
    }
    highest.cloned()
}

impl Boundary {
    fn new(event: &Event, versions: &dyn VersionOrder) -> Self {
        let read = |text| versions.key(text).map_or_else(|e| Position::Unreadable(Box::new(e)), Position::At);
        let (kind, at) = match event {
            Event::Introduced(text) if text == "0" => (Kind::Introduced, Position::Start),
            Event::Limit(text) if text == "*" => (Kind::Limit, Position::End),
            Event::Introduced(text) => (Kind::Introduced, read(text)),
            Event::Fixed(text) => (Kind::Fixed, read(text)),
            Event::LastAffected(text) => (Kind::LastAffected, read(text)),
            Event::Limit(text) => (Kind::Limit, read(text)),
        };
        Self { kind, at }
    }

    /// How `version` lies to the event.
    fn seen_from(&self, version: &VersionKey) -> Result<Ordering, &VersionError> {
        match &self.at {
            Position::Start => Ok(Ordering::Greater),
            Position::At(key) => Ok(version.cmp(key)),
            Position::End => Ok(Ordering::Less),
            Position::Unreadable(error) => Err(error),
        }
    }

    /// At one version `last_affected` comes last (`introduced` beside it leaves that version alone affected); otherwise
    /// the record's own order stands.
    fn is_before<'b>(&'b self, earlier: &'b Self) -> bool {
        let place = |boundary: &'b Self| match &boundary.at {
            Position::At(key) => Some(key),
            _ => None,
        };
        let last = |boundary: &Self| boundary.kind == Kind::LastAffected;
        (place(self), last(self)) < (place(earlier), last(earlier))
    }
}

/// The state after the last event at or below the version: O(n) comparisons.
fn evaluate<'a>(
    events: &'a [Boundary],
    version: &'a Result<VersionKey, VersionError>,
) -> Result<bool, &'a VersionError> {
    // 1. The version itself must be one, even where every event would answer without looking at it.
    let version = version.as_ref()?;
    // 2. Before the limits: any limit above will do; no limit means no bound.
    let mut limits = events.iter().filter(|event| event.kind == Kind::Limit).peekable();
    if limits.peek().is_some() {
        let mut below = false;
        for limit in limits {
            below = below || limit.seen_from(version)? == Ordering::Less;
        }
        if !below {
            return Ok(false);
        }
    }
    // 3. The greatest of the events at or below the version decides.
    let mut last: Option<&Boundary> = None;
    for event in events.iter().filter(|event| event.kind != Kind::Limit) {
        let order = event.seen_from(version)?;
        let passed = match event.kind {
            Kind::LastAffected => order == Ordering::Greater,
            _ => order != Ordering::Less,
        };
        if passed && last.is_none_or(|earlier| !event.is_before(earlier)) {
            last = Some(event);
        }
    }
    Ok(last.is_some_and(|event| event.kind == Kind::Introduced))
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

    fn judged(record: &Value, release: &Release) -> MatchResult {
        let package = Package { ecosystem: release.ecosystem, name: release.name.clone() };
        Prepared::new(Record::from_value(record).unwrap(), &Arc::new(package), &SemverOrder)
            .matches(release, &SemverOrder)
    }

    fn verdict(affected: Value, version: &str) -> MatchResult {
        let mut entry = affected;
        entry["package"] = json!({"ecosystem": "npm", "name": "left-pay"});
        judged(&json!({"id": "T-1", "affected": [entry]}), &Release::new(Ecosystem::Npm, "left-pay", version))
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
        let release = Release::new(Ecosystem::Npm, "left-pay", "1.0.0");
        assert_eq!(judged(&record, &release), MatchResult::NotAffected);
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
            let bounds: Vec<_> = events.iter().map(|event| Boundary::new(event, &SemverOrder)).collect();
            let found = evaluate(&bounds, &SemverOrder.key(&format!("{version}.0.0"))) == Ok(true);
            prop_assert_eq!(found, reference(&events, version));
        }

        #[test]
        fn the_bound_changes_no_answer(
            raw in proptest::collection::vec((0u8..4, 0u64..8), 0..6),
            listed in proptest::collection::vec(0u64..9, 0..3),
            version in 0u64..10,
        ) {
            let names = ["introduced", "fixed", "last_affected", "limit"];
            let event = |&(kind, at): &(u8, u64)| json!({ names[usize::from(kind)]: format!("{at}.0.0") });
            let events: Vec<Value> = raw.iter().map(event).collect();
            let listed: Vec<String> = listed.iter().map(|at| format!("{at}.0.0")).collect();
            let package = Arc::new(Package { ecosystem: Ecosystem::Npm, name: "left-pay".into() });
            let record = Record::from_value(&json!({"id": "T-1", "affected": [{
                "package": {"ecosystem": "npm", "name": "left-pay"},
                "versions": listed, "ranges": [{"type": "SEMVER", "events": events}],
            }]}));
            let mut prepared = Prepared::new(record.unwrap(), &package, &SemverOrder);
            let release = Release::new(Ecosystem::Npm, "left-pay", &format!("{version}.0.0"));
            let bounded = prepared.matches(&release, &SemverOrder);
            prepared.entries[0].highest = None;
            prop_assert_eq!(bounded, prepared.matches(&release, &SemverOrder));
        }

        #[test]
        fn no_text_panics(kind in "SEMVER|ECOSYSTEM|X", event in "introduced|fixed|last_affected|limit", at: String, version: String) {
            let _ = verdict(range(&kind, json!([{"introduced": "0"}, {event: at}])), &version);
        }
    }
}
