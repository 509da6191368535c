//! OSV records (schema 1.6 and 1.7) as our own types.
//!
//! Lenient where a field only informs (summary, severity, references): what is malformed there is left out.
//! Strict where a field decides (`affected`): a record that cannot be read in full there is an error, because
//! leaving out a range could turn an affected release into a clean one. Everything is bounded: a feed is data
//! that strangers can propose.

use lockgate_model::Ecosystem;
use packageurl::PackageUrl;
use serde_json::{Map, Value};
use std::str::FromStr;

const MAX_AFFECTED: usize = 50_000;
const MAX_VERSIONS: usize = 500_000;
const MAX_EVENTS: usize = 500_000;
const MAX_ALIASES: usize = 200;
const MAX_VERSION_CHARS: usize = 1_000;
const MAX_SUMMARY_CHARS: usize = 300;
const MAX_ID_CHARS: usize = 200;
const MAX_URL_CHARS: usize = 2_000;

/// Why a record cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OsvError {
    #[error("{at} is not {expected}; ask the feed's owner to mend the record")]
    Malformed { at: String, expected: &'static str },
    #[error("{at} has more than {limit} entries; ask the feed's owner to split the record")]
    TooLarge { at: String, limit: usize },
}

/// What an OSV record says, as far as a decision or its text needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: String,
    pub aliases: Vec<String>,
    /// At most 300 characters of the summary, else of the details' first line.
    pub summary: Option<String>,
    /// The time of withdrawal as written; `None` when the record stands.
    pub withdrawn: Option<String>,
    /// CVSS vectors of the whole record.
    pub vectors: Vec<String>,
    /// `database_specific.severity`: a word such as `HIGH`.
    pub rating: Option<String>,
    /// The first reference of type ADVISORY with an `https` address.
    pub url: Option<String>,
    pub affected: Vec<Affected>,
}

/// One entry of `affected`.
#[derive(Debug, Clone, PartialEq)]
pub struct Affected {
    /// `None` for an entry without a package or of an ecosystem that is not read.
    pub package: Option<Package>,
    /// Versions listed one by one.
    pub versions: Vec<String>,
    pub ranges: Vec<Range>,
    /// CVSS vectors of this entry alone; they replace the record's.
    pub vectors: Vec<String>,
    pub rating: Option<String>,
}

/// A package by its ecosystem and normal name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    pub ecosystem: Ecosystem,
    pub name: String,
}

/// One range of an affected entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    pub kind: RangeKind,
    pub events: Vec<Event>,
}

/// In which order a range's events stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeKind {
    Semver,
    Ecosystem,
    /// Commits; says nothing of a published version.
    Git,
    Unknown(String),
}

/// A version at which the state changes (OSV schema, `affected[].ranges[].events`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
    Limit(String),
}

impl Record {
    /// # Errors
    /// When the id or anything under `affected` has another shape than the schema's, or is too large.
    pub fn from_value(value: &Value) -> Result<Self, OsvError> {
        let record = value.as_object().ok_or_else(|| malformed("the record", "an object"))?;
        let mut budget = Budget { versions: MAX_VERSIONS, events: MAX_EVENTS };
        let affected = list(record, "affected", MAX_AFFECTED)?
            .iter()
            .enumerate()
            .map(|(index, entry)| read_affected(entry, &format!("affected[{index}]"), &mut budget))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            id: read_id(record)?,
            aliases: strings(record, "aliases", MAX_ALIASES),
            summary: read_summary(record),
            withdrawn: record.get("withdrawn").and_then(Value::as_str).map(|t| clip(t, 40)),
            vectors: read_vectors(record),
            rating: read_rating(record),
            url: read_url(record),
            affected,
        })
    }

    /// Reported as malicious code rather than as a flaw (`MAL-` of the malicious-packages database).
    pub fn is_malicious(&self) -> bool {
        std::iter::once(&self.id).chain(&self.aliases).any(|id| id.starts_with("MAL-"))
    }

    /// Every package of a read ecosystem that the record names, sorted, each once.
    pub fn packages(&self) -> Vec<Package> {
        let mut packages: Vec<_> = self.affected.iter().filter_map(|a| a.package.clone()).collect();
        packages.sort();
        packages.dedup();
        packages
    }
}

impl Event {
    pub fn version(&self) -> &str {
        match self {
            Self::Introduced(v) | Self::Fixed(v) | Self::LastAffected(v) | Self::Limit(v) => v,
        }
    }
}

/// What a record may still spend, over all its affected entries.
struct Budget {
    versions: usize,
    events: usize,
}

/// The id alone, for messages about a record that cannot be read.
pub(crate) fn read_id(record: &Map<String, Value>) -> Result<String, OsvError> {
    match record.get("id").and_then(Value::as_str) {
        Some(id) if !id.is_empty() && id.len() <= MAX_ID_CHARS => Ok(id.to_owned()),
        _ => Err(malformed("id", "a text of 1 to 200 bytes")),
    }
}

fn read_affected(entry: &Value, at: &str, budget: &mut Budget) -> Result<Affected, OsvError> {
    let entry = entry.as_object().ok_or_else(|| malformed(at, "an object"))?;
    let versions = list(entry, "versions", MAX_VERSIONS)?;
    spend(&mut budget.versions, versions.len(), at, MAX_VERSIONS)?;
    let versions = versions.iter().map(|v| read_version(v, at)).collect::<Result<_, _>>()?;
    let ranges = list(entry, "ranges", MAX_EVENTS)?;
    let ranges = ranges.iter().map(|r| read_range(r, at, budget)).collect::<Result<_, _>>()?;
    Ok(Affected {
        package: read_package(entry, at)?,
        versions,
        ranges,
        vectors: read_vectors(entry),
        rating: read_rating(entry),
    })
}

/// By name, or by purl where the name is missing. An ecosystem may carry a suffix (`PyPI:...`).
fn read_package(entry: &Map<String, Value>, at: &str) -> Result<Option<Package>, OsvError> {
    let package = match entry.get("package") {
        None | Some(Value::Null) => return Ok(None),
        Some(package) => package.as_object().ok_or_else(|| malformed(&format!("{at}.package"), "an object"))?,
    };
    let text = |key| package.get(key).and_then(Value::as_str);
    if let (Some(ecosystem), Some(name)) = (text("ecosystem"), text("name")) {
        let ecosystem = ecosystem.split(':').next().unwrap_or_default();
        let known = Ecosystem::ALL.into_iter().find(|e| e.osv_name().eq_ignore_ascii_case(ecosystem));
        return Ok(known.map(|ecosystem| Package { ecosystem, name: ecosystem.normalize_name(name) }));
    }
    match text("purl") {
        Some(purl) => package_of_purl(purl).ok_or_else(|| malformed(&format!("{at}.package.purl"), "a package URL")),
        None => Err(malformed(&format!("{at}.package"), "an ecosystem with a name, or a purl")),
    }
}

/// `Some(None)` for a package URL of an ecosystem that is not read; `None` for a text that is no package URL.
fn package_of_purl(text: &str) -> Option<Option<Package>> {
    let purl = PackageUrl::from_str(text).ok()?;
    let Ok(ecosystem) = purl.ty().parse::<Ecosystem>() else { return Some(None) };
    let parsed = match purl.namespace() {
        Some(namespace) => format!("{namespace}/{}", purl.name()),
        None => purl.name().to_owned(),
    };
    let spelled = crate::sbom::spelled_npm_name(text).filter(|_| ecosystem == Ecosystem::Npm);
    let name = spelled.unwrap_or(parsed);
    Some(Some(Package { ecosystem, name: ecosystem.normalize_name(&name) }))
}

fn read_range(range: &Value, at: &str, budget: &mut Budget) -> Result<Range, OsvError> {
    let at = format!("{at}.ranges");
    let range = range.as_object().ok_or_else(|| malformed(&at, "a list of objects"))?;
    let kind = match range.get("type").and_then(Value::as_str) {
        Some("SEMVER") => RangeKind::Semver,
        Some("ECOSYSTEM") => RangeKind::Ecosystem,
        Some("GIT") => RangeKind::Git,
        Some(other) => RangeKind::Unknown(clip(other, 40)),
        None => return Err(malformed(&format!("{at}.type"), "a text")),
    };
    let objects = list(range, "events", MAX_EVENTS)?;
    spend(&mut budget.events, objects.len(), &at, MAX_EVENTS)?;
    let mut events = Vec::with_capacity(objects.len());
    for object in objects {
        read_events(object, &at, &mut events)?;
    }
    Ok(Range { kind, events })
}

/// The schema has one event an object; older records wrote `introduced` and `fixed` into the same one.
fn read_events(object: &Value, at: &str, events: &mut Vec<Event>) -> Result<(), OsvError> {
    let at = format!("{at}.events");
    let object = object.as_object().ok_or_else(|| malformed(&at, "a list of objects"))?;
    let version = |key: &str| object.get(key).map(|v| read_version(v, &at)).transpose();
    let before = events.len();
    events.extend(version("introduced")?.map(Event::Introduced));
    events.extend(version("fixed")?.map(Event::Fixed));
    events.extend(version("last_affected")?.map(Event::LastAffected));
    events.extend(version("limit")?.map(Event::Limit));
    if events.len() == before {
        return Err(malformed(&at, "introduced, fixed, last_affected or limit"));
    }
    Ok(())
}

fn read_version(value: &Value, at: &str) -> Result<String, OsvError> {
    match value.as_str() {
        Some(text) if text.len() <= MAX_VERSION_CHARS => Ok(text.to_owned()),
        _ => Err(malformed(&format!("a version in {at}"), "a text of at most 1000 bytes")),
    }
}

fn read_vectors(holder: &Map<String, Value>) -> Vec<String> {
    let entries = holder.get("severity").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_cvss = |entry: &&Value| entry.get("type").and_then(Value::as_str).is_some_and(|t| t.starts_with("CVSS_V"));
    let scores = entries.iter().take(MAX_ALIASES).filter(is_cvss).filter_map(|e| e.get("score"));
    scores.filter_map(Value::as_str).filter(|s| s.len() <= MAX_VERSION_CHARS).map(str::to_owned).collect()
}

fn read_rating(holder: &Map<String, Value>) -> Option<String> {
    holder.get("database_specific")?.get("severity")?.as_str().map(|s| clip(s, 40))
}

fn read_summary(record: &Map<String, Value>) -> Option<String> {
    let text = |key| record.get(key).and_then(Value::as_str).and_then(|t| t.trim().lines().next());
    text("summary").or_else(|| text("details")).filter(|t| !t.is_empty()).map(|t| clip(t, MAX_SUMMARY_CHARS))
}

fn read_url(record: &Map<String, Value>) -> Option<String> {
    let references = record.get("references")?.as_array()?;
    let of_type = |r: &&Value| r.get("type").and_then(Value::as_str) == Some("ADVISORY");
    let urls = references.iter().filter(of_type).filter_map(|r| r.get("url").and_then(Value::as_str));
    urls.into_iter().find(|u| u.starts_with("https://") && u.len() <= MAX_URL_CHARS).map(str::to_owned)
}

/// A list that may be absent or null.
fn list<'a>(holder: &'a Map<String, Value>, key: &str, limit: usize) -> Result<&'a [Value], OsvError> {
    match holder.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) if items.len() <= limit => Ok(items),
        Some(Value::Array(_)) => Err(OsvError::TooLarge { at: key.to_owned(), limit }),
        Some(_) => Err(malformed(key, "a list")),
    }
}

fn spend(budget: &mut usize, amount: usize, at: &str, limit: usize) -> Result<(), OsvError> {
    *budget = budget.checked_sub(amount).ok_or_else(|| OsvError::TooLarge { at: at.to_owned(), limit })?;
    Ok(())
}

fn strings(holder: &Map<String, Value>, key: &str, limit: usize) -> Vec<String> {
    let items = holder.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts = items.iter().filter_map(Value::as_str).filter(|t| t.len() <= MAX_ID_CHARS);
    texts.take(limit).map(str::to_owned).collect()
}

fn clip(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

fn malformed(at: &str, expected: &'static str) -> OsvError {
    OsvError::Malformed { at: at.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn package_of(package: Value) -> Result<Option<Package>, OsvError> {
        let record = json!({"id": "T-1", "affected": [{"package": package}]});
        Record::from_value(&record).map(|r| r.affected[0].package.clone())
    }

    fn package(ecosystem: Ecosystem, name: &str) -> Option<Package> {
        Some(Package { ecosystem, name: name.into() })
    }

    #[test]
    fn packages_are_known_by_name_suffix_or_purl() {
        let zope = package(Ecosystem::Pypi, "zope-interface");
        assert_eq!(package_of(json!({"ecosystem": "PyPI", "name": "Zope.Interface"})).unwrap(), zope);
        assert_eq!(package_of(json!({"ecosystem": "PyPI:mirror", "name": "zope_interface"})).unwrap(), zope);
        assert_eq!(package_of(json!({"purl": "pkg:pypi/zope.interface"})).unwrap(), zope);
        let scoped = package(Ecosystem::Npm, "@a/B");
        assert_eq!(package_of(json!({"ecosystem": "npm", "name": "@a/B"})).unwrap(), scoped);
        assert_eq!(package_of(json!({"purl": "pkg:npm/%40a/B"})).unwrap(), scoped);
        assert_eq!(
            package_of(json!({"ecosystem": Ecosystem::Cargo.osv_name(), "name": "a_b"})).unwrap(),
            package(Ecosystem::Cargo, "a_b")
        );
    }

    #[test]
    fn other_ecosystems_are_nobody_and_a_nameless_package_is_an_error() {
        assert_eq!(package_of(json!({"ecosystem": "Go", "name": "a"})).unwrap(), None);
        assert_eq!(package_of(json!({"purl": "pkg:gem/rails"})).unwrap(), None);
        assert_eq!(package_of(Value::Null).unwrap(), None);
        for bad in [json!({}), json!("x"), json!({"purl": "rails"}), json!({"ecosystem": "npm"})] {
            assert!(package_of(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_informs_is_left_out_and_what_decides_is_refused() {
        let record =
            json!({"id": "T-1", "summary": 3, "aliases": "x", "severity": {}, "references": [1], "withdrawn": null});
        let read = Record::from_value(&record).unwrap();
        assert_eq!((read.summary, read.aliases.len(), read.withdrawn), (None, 0, None));
        for affected in [
            json!({}),
            json!([1]),
            json!([{"versions": [1]}]),
            json!([{"versions": {}}]),
            json!([{"ranges": [{"events": []}]}]),
            json!([{"ranges": [{"type": "SEMVER", "events": [{}]}]}]),
            json!([{"ranges": [{"type": "SEMVER", "events": [{"fixed": 1}]}]}]),
            json!([{"versions": ["1".repeat(1_001)]}]),
        ] {
            assert!(Record::from_value(&json!({"id": "T-1", "affected": affected.clone()})).is_err(), "{affected}");
        }
        assert!(Record::from_value(&json!({"affected": []})).is_err(), "no id");
    }

    #[test]
    fn the_summary_falls_back_to_the_first_line_of_the_details_and_is_short() {
        let read =
            Record::from_value(&json!({"id": "T-1", "details": format!("{}\nsecond", "é".repeat(400))})).unwrap();
        assert_eq!(read.summary.unwrap(), "é".repeat(300));
    }

    #[test]
    fn too_many_versions_are_refused_over_all_entries_together() {
        let many = json!(vec!["1"; MAX_VERSIONS / 2 + 1]);
        let record = json!({"id": "T-1", "affected": [{"versions": many}, {"versions": many}]});
        assert!(matches!(Record::from_value(&record), Err(OsvError::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn any_json_is_read_or_refused(text in "\\PC{0,60}", number: i64) {
            for key in ["id", "affected", "severity", "aliases", "references", "database_specific"] {
                for value in [json!(text), json!(number), json!([text]), json!({&text: number}), json!([{ "ranges": [text] }])] {
                    let _ = Record::from_value(&json!({"id": "T-1", key: value}));
                }
            }
        }
    }
}
