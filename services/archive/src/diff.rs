//! The difference of two versions of a package, file by file and line by line.

use crate::{Contents, File};
use imara_diff::{Algorithm, InternedInput};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

/// Above either bound lines are compared as a set: an exact diff of generated or minified files takes long
/// and tells little.
const EXACT_BYTES: usize = 1 << 20;
const EXACT_LINES: usize = 20_000;
/// Hunks of one file.
const HUNKS: usize = 5_000;

/// What was added, removed and changed, each sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff<'a> {
    pub added: Vec<&'a File>,
    pub removed: Vec<&'a File>,
    pub changed: Vec<Changed<'a>>,
}

/// A file whose content differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed<'a> {
    pub old: &'a File,
    pub new: &'a File,
    pub precision: Precision,
    /// In the order of the new file; empty for [`Precision::Binary`].
    pub hunks: Vec<Hunk<'a>>,
}

/// How a file was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Line by line, in order.
    Exact,
    /// Lines as a set: a line that occurs no oftener than before is not new, wherever it stands.
    Coarse,
    /// Not text: it differs, and that is all.
    Binary,
}

/// Lines that were replaced. Lines are without their line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk<'a> {
    /// 1-based line of the old file before which, or from which, lines were removed. 0 for a coarse hunk.
    pub old_start: u32,
    pub removed: Vec<&'a str>,
    /// 1-based line of the new file from which lines were added, or before which they would stand.
    pub new_start: u32,
    pub added: Vec<&'a str>,
}

impl Hunk<'_> {
    /// Whether any line from `first` to `last` of the new file was added.
    pub fn adds(&self, first: u32, last: u32) -> bool {
        let length = u32::try_from(self.added.len()).unwrap_or(u32::MAX);
        length > 0 && first < self.new_start.saturating_add(length) && last >= self.new_start
    }
}

/// Compares two versions. Everything is added when there is no old one.
pub fn diff<'a>(old: Option<&'a Contents>, new: &'a Contents) -> Diff<'a> {
    let mut before: BTreeMap<Cow<'a, str>, &'a File> =
        old.into_iter().flat_map(Contents::strip_root).map(|(path, file)| (comparable_path(path), file)).collect();
    let mut diff = Diff::default();
    for (path, file) in new.strip_root() {
        match before.remove(&comparable_path(path)) {
            None => diff.added.push(file),
            Some(previous) if previous.content == file.content && previous.size == file.size => {}
            Some(previous) => diff.changed.push(compare(previous, file)),
        }
    }
    diff.removed = before.into_values().collect();
    diff
}

/// A wheel's metadata folder carries the version: `name-1.0.dist-info/RECORD` (PEP 427).
fn comparable_path(path: &str) -> Cow<'_, str> {
    let Some((top, rest)) = path.split_once('/') else { return path.into() };
    for suffix in [".dist-info", ".data"] {
        if let Some((name, _)) = top.strip_suffix(suffix).and_then(|t| t.rsplit_once('-')) {
            return format!("{name}{suffix}/{rest}").into();
        }
    }
    path.into()
}

fn compare<'a>(old: &'a File, new: &'a File) -> Changed<'a> {
    let (precision, hunks) = match (text(old), text(new)) {
        (Some(before), Some(after)) => text_hunks(before, after),
        _ => (Precision::Binary, Vec::new()),
    };
    Changed { old, new, precision, hunks }
}

fn text(file: &File) -> Option<&str> {
    let holds_text = memchr::memchr(0, &file.content).is_none() && (!file.content.is_empty() || file.size == 0);
    std::str::from_utf8(&file.content).ok().filter(|_| holds_text)
}

/// Most of a file is as it was before, so the lines that both begin and end with are set aside as bytes: none of them
/// needs to be hashed.
fn text_hunks<'a>(old: &'a str, new: &'a str) -> (Precision, Vec<Hunk<'a>>) {
    let start = same_first_lines(old, new);
    let above = u32::try_from(line_breaks(&old[..start])).unwrap_or(u32::MAX);
    let (old, new) = (&old[start..], &new[start..]);
    let end = same_last_lines(old, new);
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    let is_small = |text: &str| text.len() <= EXACT_BYTES && line_breaks(text) <= EXACT_LINES;
    let (precision, mut hunks) = if is_small(old) && is_small(new) {
        (Precision::Exact, exact(old, new))
    } else {
        (Precision::Coarse, coarse(old, new))
    };
    for hunk in &mut hunks {
        hunk.new_start += above;
        hunk.old_start += if precision == Precision::Exact { above } else { 0 };
    }
    (precision, hunks)
}

/// Histogram diff, which falls back to a bounded Myers search where lines repeat too often.
fn exact<'a>(old: &'a str, new: &'a str) -> Vec<Hunk<'a>> {
    let (before, after) = (lines(old), lines(new));
    let mut input = InternedInput::default();
    input.update_before(before.iter().copied());
    input.update_after(after.iter().copied());
    let diff = imara_diff::Diff::compute(Algorithm::Histogram, &input);
    let hunk = |h: imara_diff::Hunk| Hunk {
        old_start: h.before.start + 1,
        removed: lines_in(&before, &h.before),
        new_start: h.after.start + 1,
        added: lines_in(&after, &h.after),
    };
    diff.hunks().take(HUNKS).map(hunk).collect()
}

/// Bytes of the whole lines with which both begin.
fn same_first_lines(old: &str, new: &str) -> usize {
    let same = common(old.as_bytes().chunks(CHUNK), new.as_bytes().chunks(CHUNK), |a, b| {
        a.iter().zip(b).take_while(|(a, b)| a == b).count()
    });
    memchr::memrchr(b'\n', &old.as_bytes()[..same]).map_or(0, |at| at + 1)
}

/// Bytes of the whole lines with which both end.
fn same_last_lines(old: &str, new: &str) -> usize {
    let same = common(old.as_bytes().rchunks(CHUNK), new.as_bytes().rchunks(CHUNK), |a, b| {
        a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
    });
    let begins_line = |text: &str| same == text.len() || text.as_bytes()[text.len() - same - 1] == b'\n';
    if begins_line(old) && begins_line(new) {
        return same;
    }
    let shared = &old.as_bytes()[old.len() - same..];
    memchr::memchr(b'\n', shared).map_or(0, |at| same - at - 1)
}

/// Bytes that are compared at once.
const CHUNK: usize = 256;

/// Bytes in the chunks that are the same, and in what `part` finds of the first that are not.
fn common<'t>(
    mut old: impl Iterator<Item = &'t [u8]>,
    mut new: impl Iterator<Item = &'t [u8]>,
    part: fn(&[u8], &[u8]) -> usize,
) -> usize {
    let mut same = 0;
    while let (Some(a), Some(b)) = (old.next(), new.next()) {
        if a != b {
            return same + part(a, b);
        }
        same += a.len();
    }
    same
}

fn line_breaks(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

/// As [`str::lines`], which looks for line breaks byte by byte.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::with_capacity(text.len() / 32);
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()) {
        let line = &text[start..end];
        lines.push(line.strip_suffix('\r').unwrap_or(line));
        start = end + 1;
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

fn lines_in<'a>(lines: &[&'a str], range: &std::ops::Range<u32>) -> Vec<&'a str> {
    lines.get(range.start as usize..range.end as usize).unwrap_or_default().to_vec()
}

fn coarse<'a>(old: &'a str, new: &'a str) -> Vec<Hunk<'a>> {
    let mut known: HashMap<&str, u32> = HashMap::new();
    for line in lines(old) {
        *known.entry(line).or_default() += 1;
    }
    let mut hunks: Vec<Hunk<'a>> = Vec::new();
    for (line, number) in lines(new).into_iter().zip(1u32..) {
        if let Some(left) = known.get_mut(line).filter(|left| **left > 0) {
            *left -= 1;
            continue;
        }
        let continues = |h: &&mut Hunk<'a>| h.new_start as usize + h.added.len() == number as usize;
        if let Some(last) = hunks.last_mut().filter(continues) {
            last.added.push(line);
        } else if hunks.len() < HUNKS {
            hunks.push(Hunk { old_start: 0, removed: Vec::new(), new_start: number, added: vec![line] });
        } else {
            break;
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn contents(files: &[(&str, &str)]) -> Contents {
        let mut files: Vec<File> = files
            .iter()
            .map(|(path, content)| File {
                path: (*path).to_owned(),
                size: content.len() as u64,
                content: Bytes::copy_from_slice(content.as_bytes()),
                executable: false,
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Contents { files, irregularities: Vec::new() }
    }

    #[test]
    fn the_versioned_top_folder_does_not_count() {
        let old = contents(&[("x-1.0/a", "1"), ("x-1.0/b", "1\n2\n3\n"), ("x-1.0/c", "1")]);
        let new = contents(&[("x-1.1/a", "1"), ("x-1.1/b", "1\nnew\n3\n"), ("x-1.1/d", "1")]);
        let diff = diff(Some(&old), &new);
        assert_eq!(diff.added.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["x-1.1/d"]);
        assert_eq!(diff.removed.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["x-1.0/c"]);
        let [changed] = diff.changed.as_slice() else { panic!("{diff:?}") };
        assert_eq!(changed.precision, Precision::Exact);
        assert_eq!(changed.hunks, [Hunk { old_start: 2, removed: vec!["2"], new_start: 2, added: vec!["new"] }]);
        assert!(changed.hunks[0].adds(1, 2) && !changed.hunks[0].adds(3, 9));
    }

    #[test]
    fn a_wheels_metadata_folder_is_compared_across_versions() {
        let old = contents(&[("x/a.py", "1"), ("x-1.0.dist-info/METADATA", "1")]);
        let new = contents(&[("x/a.py", "1"), ("x-1.1.dist-info/METADATA", "1")]);
        assert_eq!(diff(Some(&old), &new), Diff::default());
    }

    #[test]
    fn without_an_old_version_everything_is_added() {
        let new = contents(&[("p/a", "1"), ("p/b", "1")]);
        assert_eq!(diff(None, &new).added.len(), 2);
    }

    #[test]
    fn large_files_are_compared_as_a_set_of_lines() {
        let lines: Vec<String> = (0..30_000).map(|n| format!("line {n}")).collect();
        let mut moved = lines.clone();
        moved.reverse();
        moved.insert(100, "new".to_owned());
        let (old, new) = (lines.join("\n"), moved.join("\n"));
        let (old, new) = (contents(&[("p/a", &old)]), contents(&[("p/a", &new)]));
        let diff = diff(Some(&old), &new);
        assert_eq!(diff.changed[0].precision, Precision::Coarse);
        assert_eq!(diff.changed[0].hunks.len(), 1);
        assert_eq!((diff.changed[0].hunks[0].new_start, &diff.changed[0].hunks[0].added), (101, &vec!["new"]));
    }

    #[test]
    fn what_both_share_at_either_end_is_set_aside_by_whole_lines() {
        for (old, new, first, last) in [
            ("a\nb\nc\n", "a\nx\nc\n", 2, 2),
            ("ab\n", "ac\n", 0, 0),
            ("a\n", "b\na\n", 0, 2),
            ("a\nb", "a\nxb", 2, 0),
            ("", "a\n", 0, 0),
            ("\u{e9}\n", "\u{ea}\n", 0, 0),
        ] {
            let start = same_first_lines(old, new);
            let end = same_last_lines(&old[start..], &new[start..]);
            assert_eq!((start, end), (first, last), "{old:?} {new:?}");
        }
        let long = "the same line\n".repeat(100);
        let (old, new) = (format!("{long}old\r\n{long}"), format!("{long}new\n{long}"));
        let (precision, hunks) = text_hunks(&old, &new);
        assert_eq!(precision, Precision::Exact);
        assert_eq!(hunks, [Hunk { old_start: 101, removed: vec!["old"], new_start: 101, added: vec!["new"] }]);
    }

    #[test]
    fn other_than_text_is_binary() {
        let (old, new) = (contents(&[("p/a", "\0a")]), contents(&[("p/a", "\0b")]));
        assert_eq!(diff(Some(&old), &new).changed[0].precision, Precision::Binary);
    }
}
