//! Reading an OSV feed for import: files of a folder, or the one archive a database publishes.
//!
//! Pure: the gate fetches and the store keeps. A file that cannot be used is listed with its reason, never
//! dropped in silence. A database's whole archive holds hundreds of thousands of records, so [`zip_records`]
//! yields them one by one; [`read_feed`] and [`read_zip`] gather them for feeds that fit into memory.

use super::osv::Record;
use chrono::{DateTime, Utc};
use lockgate_model::{Cause, CauseKind, Digest, Ecosystem};
use serde_json::Value;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::{Cursor, Read},
};
use zip::ZipArchive;

/// Bytes of one record; the largest published ones have a few.
const MAX_RECORD_BYTES: u64 = 32 << 20;
/// Bytes of all records of one archive together.
const MAX_FEED_BYTES: u64 = 16 << 30;
const MAX_FILES: usize = 2_000_000;

/// One record, ready to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedRecord {
    pub id: String,
    pub modified: DateTime<Utc>,
    /// Packages of the ecosystems that are read, in their normal names; sorted, never empty.
    pub packages: Vec<(Ecosystem, String)>,
    /// SHA-256 of the file's bytes.
    pub digest: Digest,
    pub body: Value,
}

/// A file that brought no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedFile {
    pub file: String,
    pub why: String,
}

/// What a feed holds.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedSummary {
    /// By id; of two with one id the later modified.
    pub records: Vec<FeedRecord>,
    pub skipped: Vec<SkippedFile>,
    /// Readable records that concern no package of an ecosystem that is read.
    pub elsewhere: usize,
    /// See [`FeedDigest`].
    pub digest: Digest,
}

/// What a file turned out to hold.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedFile {
    Record(Box<FeedRecord>),
    /// A readable record about ecosystems that are not read.
    Elsewhere,
    Skipped(SkippedFile),
}

/// Names a feed by its content: SHA-256 over the lines `id modified digest`, in the order of the ids. The same
/// records in other files, or in another order, are the same feed.
#[derive(Debug, Clone, Default)]
pub struct FeedDigest(BTreeMap<String, (DateTime<Utc>, Digest)>);

impl FeedDigest {
    /// Adds a record; of two with one id the later modified stays.
    pub fn add(&mut self, id: &str, modified: DateTime<Utc>, digest: &Digest) {
        let candidate = (modified, digest.clone());
        let kept = self.0.entry(id.to_owned()).or_insert_with(|| candidate.clone());
        if candidate > *kept {
            *kept = candidate;
        }
    }

    pub fn finish(&self) -> Digest {
        let line = |(id, (modified, digest)): (&String, &(DateTime<Utc>, Digest))| {
            format!("{} {} {digest}\n", Value::String(id.clone()), modified.to_rfc3339())
        };
        Digest::sha256(self.0.iter().map(line).collect::<String>().as_bytes())
    }
}

/// Reads one file of a feed.
pub fn read_record(file: &str, bytes: &[u8]) -> FeedFile {
    match try_record(bytes) {
        Ok(Some(record)) => FeedFile::Record(Box::new(record)),
        Ok(None) => FeedFile::Elsewhere,
        Err(why) => FeedFile::Skipped(SkippedFile { file: file.to_owned(), why }),
    }
}

fn try_record(bytes: &[u8]) -> Result<Option<FeedRecord>, String> {
    if bytes.len() as u64 > MAX_RECORD_BYTES {
        return Err(format!("it is larger than {} MiB", MAX_RECORD_BYTES >> 20));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let body: Value = serde_json::from_slice(bytes).map_err(|e| format!("it is not JSON: {e}"))?;
    if holds_nul(&body) {
        return Err("a text in it holds U+0000, which the database cannot keep".into());
    }
    let record = Record::from_value(&body).map_err(|e| e.to_string())?;
    let modified = body.get("modified").and_then(Value::as_str).ok_or("it has no time of modification")?;
    let modified = DateTime::parse_from_rfc3339(modified).map_err(|e| format!("its modified is not a time: {e}"))?;
    let packages: Vec<_> = record.packages().into_iter().map(|p| (p.ecosystem, p.name)).collect();
    if packages.is_empty() {
        return Ok(None);
    }
    let modified = modified.with_timezone(&Utc);
    Ok(Some(FeedRecord { id: record.id, modified, packages, digest: Digest::sha256(bytes), body }))
}

/// Recursion is as deep as the JSON parser let it become (128).
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

/// Reads the files of a folder. Names that do not end in `.json` are skipped by name.
pub fn read_feed(files: impl Iterator<Item = (String, Vec<u8>)>) -> FeedSummary {
    gather(files.map(|(file, bytes)| read_named(&file, &bytes)))
}

fn read_named(file: &str, bytes: &[u8]) -> FeedFile {
    if is_record_name(file) {
        read_record(file, bytes)
    } else {
        FeedFile::Skipped(SkippedFile { file: file.to_owned(), why: "its name does not end in .json".into() })
    }
}

fn is_record_name(file: &str) -> bool {
    file.len() > 5 && file.as_bytes()[file.len() - 5..].eq_ignore_ascii_case(b".json")
}

/// Reads the archive a database publishes.
///
/// # Errors
/// When the bytes are no zip archive, or hold more than two million files.
pub fn read_zip(bytes: &[u8]) -> Result<FeedSummary, Cause> {
    Ok(gather(zip_records(bytes)?))
}

/// The files of a zip archive, one by one, inflated within bounds: 32 MiB a file, 16 GiB together.
///
/// # Errors
/// When the bytes are no zip archive, or hold more than two million files.
pub fn zip_records(bytes: &[u8]) -> Result<impl Iterator<Item = FeedFile> + '_, Cause> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| {
        Cause::new(CauseKind::Malformed, format!("read the advisory feed: it is no zip archive: {e}"))
            .with_remedy("download it again, or give the folder of its JSON files")
    })?;
    if archive.len() > MAX_FILES {
        let message = format!("read the advisory feed: it holds {} files, more than {MAX_FILES}", archive.len());
        return Err(Cause::new(CauseKind::LimitExceeded, message).with_remedy("split the archive"));
    }
    let mut left = MAX_FEED_BYTES;
    Ok((0..archive.len()).filter_map(move |index| read_entry(&mut archive, index, &mut left)))
}

/// `None` for a folder.
fn read_entry(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, left: &mut u64) -> Option<FeedFile> {
    let skip = |file: String, why: String| Some(FeedFile::Skipped(SkippedFile { file, why }));
    let entry = match archive.by_index(index) {
        Ok(entry) if entry.is_dir() => return None,
        Ok(entry) => entry,
        Err(e) => return skip(format!("entry {index}"), format!("it cannot be opened: {e}")),
    };
    let file: String = entry.name().chars().take(200).collect();
    let limit = MAX_RECORD_BYTES.min(*left);
    let mut bytes = Vec::new();
    if let Err(e) = entry.take(limit + 1).read_to_end(&mut bytes) {
        return skip(file, format!("it cannot be inflated: {e}"));
    }
    if bytes.len() as u64 > limit {
        return skip(file, format!("it is larger than {limit} bytes, the most that is left for it"));
    }
    *left -= bytes.len() as u64;
    Some(read_named(&file, &bytes))
}

/// Keeps one record an id; says which copy was left out.
fn keep_later(records: &mut BTreeMap<String, FeedRecord>, record: FeedRecord) -> Option<SkippedFile> {
    match records.entry(record.id.clone()) {
        Entry::Vacant(place) => {
            place.insert(record);
            None
        }
        Entry::Occupied(mut kept) => {
            let why = format!(
                "two files have this id; the one modified {} is left out",
                record.modified.min(kept.get().modified)
            );
            if (record.modified, &record.digest) > (kept.get().modified, &kept.get().digest) {
                kept.insert(record);
            }
            Some(SkippedFile { file: kept.key().clone(), why })
        }
    }
}

fn gather(files: impl Iterator<Item = FeedFile>) -> FeedSummary {
    let (mut records, mut skipped, mut elsewhere) = (BTreeMap::<String, FeedRecord>::new(), Vec::new(), 0);
    for file in files {
        match file {
            FeedFile::Record(record) => skipped.extend(keep_later(&mut records, *record)),
            FeedFile::Elsewhere => elsewhere += 1,
            FeedFile::Skipped(file) => skipped.push(file),
        }
    }
    let mut digest = FeedDigest::default();
    for record in records.values() {
        digest.add(&record.id, record.modified, &record.digest);
    }
    FeedSummary { records: records.into_values().collect(), skipped, elsewhere, digest: digest.finish() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::io::Write;

    fn record(id: &str, modified: &str, package: (&str, &str)) -> Vec<u8> {
        let affected = json!([{"package": {"ecosystem": package.0, "name": package.1}, "versions": ["1.0.0"]}]);
        json!({"id": id, "modified": modified, "affected": affected}).to_string().into_bytes()
    }

    fn files() -> Vec<(String, Vec<u8>)> {
        vec![
            ("b/T-2.json".into(), record("T-2", "2026-01-02T00:00:00Z", ("PyPI", "Zope.Interface"))),
            ("T-1.json".into(), record("T-1", "2026-01-01T00:00:00+01:00", ("npm", "@a/b"))),
            ("T-3.json".into(), record("T-3", "2026-01-01T00:00:00Z", ("Go", "example.test/x"))),
            ("README.md".into(), b"# feed".to_vec()),
            ("broken.json".into(), b"{".to_vec()),
            ("timeless.json".into(), br#"{"id":"T-4","affected":[]}"#.to_vec()),
            ("nul.json".into(), br#"{"id":"T-5","modified":"2026-01-01T00:00:00Z","x":["\u0000"]}"#.to_vec()),
        ]
    }

    fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.add_directory("b", zip::write::SimpleFileOptions::default()).unwrap();
        for (name, bytes) in files {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn records_are_indexed_by_normal_name_and_the_rest_is_accounted_for() {
        let feed = read_feed(files().into_iter());
        let packages: Vec<_> = feed.records.iter().map(|r| (r.id.as_str(), r.packages.clone())).collect();
        assert_eq!(
            packages,
            [
                ("T-1", vec![(Ecosystem::Npm, "@a/b".to_owned())]),
                ("T-2", vec![(Ecosystem::Pypi, "zope-interface".to_owned())])
            ]
        );
        assert_eq!(feed.elsewhere, 1);
        let skipped: Vec<_> = feed.skipped.iter().map(|s| s.file.as_str()).collect();
        assert_eq!(skipped, ["README.md", "broken.json", "timeless.json", "nul.json"]);
    }

    #[test]
    fn an_archive_and_a_folder_of_the_same_records_are_the_same_feed() {
        let mut turned = files();
        turned.reverse();
        let (one, two) = (read_feed(files().into_iter()), read_zip(&zipped(&turned)).unwrap());
        assert_eq!((one.digest, one.records), (two.digest, two.records));
    }

    #[test]
    fn the_digest_changes_with_any_record() {
        let digest = |files: Vec<(String, Vec<u8>)>| read_feed(files.into_iter()).digest;
        let mut changed = files();
        changed[0].1 = record("T-2", "2026-01-02T00:00:00Z", ("PyPI", "zope"));
        assert_ne!(digest(changed), digest(files()));
        assert_ne!(digest(files()[..1].to_vec()), digest(files()));
    }

    #[test]
    fn of_two_copies_the_later_stays_in_any_order() {
        let (old, new) =
            (record("T-1", "2026-01-01T00:00:00Z", ("npm", "a")), record("T-1", "2026-01-02T00:00:00Z", ("npm", "b")));
        for pair in [[&old, &new], [&new, &old]] {
            let feed = read_feed(pair.into_iter().map(|b| ("x.json".to_owned(), b.clone())));
            assert_eq!((feed.records.len(), feed.records[0].packages[0].1.as_str()), (1, "b"));
            assert_eq!(feed.skipped.len(), 1);
        }
    }

    #[test]
    fn no_archive_is_an_error_and_a_damaged_entry_is_skipped() {
        assert_eq!(read_zip(b"PK?").unwrap_err().kind, CauseKind::Malformed);
        let mut bytes = zipped(&files()[..2]);
        // The first byte of the first record's data, behind the folder's and the file's own header.
        let at = bytes.windows(10).position(|w| w == b"b/T-2.json").unwrap() + 12;
        bytes[at] ^= 0xff;
        let feed = read_zip(&bytes).unwrap();
        assert_eq!((feed.records.len(), feed.skipped.len()), (1, 1), "{:?}", feed.skipped);
    }

    #[test]
    fn a_record_that_inflates_beyond_the_limit_is_skipped() {
        let big = vec![b' '; usize::try_from(MAX_RECORD_BYTES).unwrap() + 1];
        let feed = read_zip(&zipped(&[("big.json".into(), big)])).unwrap();
        assert!(feed.skipped[0].why.contains("larger"), "{:?}", feed.skipped);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, flip: usize, with: u8) {
            let _ = (read_record("x.json", &bytes), read_zip(&bytes));
            let mut archive = zipped(&files()[..1]);
            let at = flip % archive.len();
            archive[at] = with;
            let _ = read_zip(&archive);
        }
    }
}
