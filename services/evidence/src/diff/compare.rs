//! Tells what is new from what was there before.
//!
//! Each sighting of the version before excuses one equal sighting of the new version, and no more: first one
//! on a line that did not change, then one in the same file, then one in a file that is new while the old
//! sighting has gone (a file that was renamed or split). So a line that is copied to a second place is new
//! there, and code that a removed comment sign wakes up is new although no line of it changed.

use super::{
    facts::{FileCounts, FindingType},
    scan::{Sighting, scan},
};
use lockgate_archive::{Changed, Contents, File, Hunk, diff};
use std::collections::HashMap;

/// What stands in one artifact.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) counts: FileCounts,
    pub(super) seen: Vec<Seen>,
    pub(super) truncated: bool,
}

/// A sighting, where it is, and whether it is new.
#[derive(Debug)]
pub(super) struct Seen {
    /// Path within the archive.
    pub(super) path: String,
    pub(super) sighting: Sighting,
    pub(super) new: bool,
}

/// How many equal sightings are there to excuse new ones.
type Pool = HashMap<(FindingType, String), usize>;

pub(super) fn compare(old: Option<&Contents>, new: &Contents) -> Comparison {
    let diff = diff(old, new);
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let counts = FileCounts {
        added: count(diff.added.len()),
        removed: count(diff.removed.len()),
        changed: count(diff.changed.len()),
        total: count(new.files.len()),
    };
    let mut comparison = Comparison { counts, ..Comparison::default() };
    let changed: HashMap<&str, &Changed<'_>> = diff.changed.iter().map(|c| (c.new.path.as_str(), c)).collect();
    let added: HashMap<&str, ()> = diff.added.iter().map(|f| (f.path.as_str(), ())).collect();

    let old_paths = old.map(below_top).unwrap_or_default();
    let mut pool = Pool::new();
    for file in &diff.removed {
        fill(&mut pool, &old_paths, file);
    }
    for (path, file) in new.strip_root() {
        let scanned = scan(path, file);
        comparison.truncated |= scanned.truncated;
        let states = match changed.get(file.path.as_str()) {
            Some(change) => {
                let mut own = Pool::new();
                fill(&mut own, &old_paths, change.old);
                let states = excuse_in_file(&scanned.sightings, &change.hunks, &mut own);
                own.into_iter().for_each(|(key, left)| *pool.entry(key).or_default() += left);
                states
            }
            None => vec![added.contains_key(file.path.as_str()); scanned.sightings.len()],
        };
        let seen = scanned.sightings.into_iter().zip(states);
        comparison.seen.extend(seen.map(|(sighting, new)| Seen { path: file.path.clone(), sighting, new }));
    }
    for seen in comparison.seen.iter_mut().filter(|s| s.new) {
        seen.new = !take(&mut pool, &seen.sighting);
    }
    comparison
}

/// For each sighting of a changed file, whether it is new as far as this file can tell.
fn excuse_in_file(sightings: &[Sighting], hunks: &[Hunk<'_>], own: &mut Pool) -> Vec<bool> {
    // Hunks are in order, so the only one that can hold a line is the last that begins before it.
    let on_added_line = |s: &Sighting| {
        let next = hunks.partition_point(|h| h.new_start <= s.end_line);
        next > 0 && hunks.get(next - 1).is_some_and(|h| h.adds(s.line, s.end_line))
    };
    let mut new = vec![true; sightings.len()];
    for added in [false, true] {
        for (sighting, new) in sightings.iter().zip(&mut new).filter(|(s, _)| on_added_line(s) == added) {
            *new = !take(own, sighting);
        }
    }
    new
}

fn fill(pool: &mut Pool, paths: &HashMap<&str, &str>, file: &File) {
    let path = paths.get(file.path.as_str()).copied().unwrap_or(&file.path);
    for sighting in scan(path, file).sightings {
        *pool.entry((sighting.kind, sighting.key)).or_default() += 1;
    }
}

fn take(pool: &mut Pool, sighting: &Sighting) -> bool {
    match pool.get_mut(&(sighting.kind, sighting.key.clone())).filter(|left| **left > 0) {
        Some(left) => {
            *left -= 1;
            true
        }
        None => false,
    }
}

/// Path in the archive to path below the top folder.
fn below_top(contents: &Contents) -> HashMap<&str, &str> {
    contents.strip_root().map(|(path, file)| (file.path.as_str(), path)).collect()
}
