//! What changed between two states of one lockfile.
//!
//! A *pin* is one way in which a lockfile fixes a release: its origin and its digests. npm installs the same
//! release in many places; equal pins collapse to one change at the first line. Two *different* pins of one
//! release do not: were they merged, an entry that points elsewhere or lacks its digest could hide behind an
//! honest one.

use lockgate_model::{ChangeKind, Ecosystem, LockedDigest, LockedRelease, Lockfile, Origin, Release, ReleaseChange};
use std::collections::{BTreeMap, BTreeSet};

/// Above this number of candidate pairs of one package, versions are paired in order instead of by nearness.
const MAX_PAIRS: usize = 10_000;

/// The changes from `old` to `new`, ordered by line in the new file; removals follow, by line in the old one.
///
/// The repository's own code ([`Origin::Path`]) is not reported.
pub fn diff(old: Option<&Lockfile>, new: Option<&Lockfile>) -> Vec<ReleaseChange> {
    let Some(path) = new.or(old).map(|lockfile| lockfile.path.as_str()) else { return Vec::new() };
    let (before, after) = (pins(old), pins(new));
    let mut pairs = Vec::new();
    for (release, new_pins) in &after {
        if let Some(old_pins) = before.get(release) {
            pairs.extend(repinned(old_pins, new_pins));
        }
    }
    let removed = by_name(before.iter().filter(|(release, _)| !after.contains_key(*release)));
    let added = by_name(after.iter().filter(|(release, _)| !before.contains_key(*release)));
    let names: BTreeSet<&Name<'_>> = removed.keys().chain(added.keys()).collect();
    for name in names {
        let empty = Vec::new();
        pairs.extend(moved(removed.get(name).unwrap_or(&empty), added.get(name).unwrap_or(&empty)));
    }
    let mut changes: Vec<_> = pairs.into_iter().map(|(old, new)| change(path, old, new)).collect();
    changes.sort_by_cached_key(order);
    changes
}

type Name<'a> = (Ecosystem, &'a str);
/// The distinct pins of one release, by their first line.
type Pins = Vec<LockedRelease>;
type Pair<'a> = (Option<&'a LockedRelease>, Option<&'a LockedRelease>);

fn order(change: &ReleaseChange) -> (bool, u32, Release, u32) {
    let old_line = change.old.as_ref().map_or(0, |o| o.line);
    (change.kind == ChangeKind::Removed, change.line(), change.release().clone(), old_line)
}

fn change(path: &str, old: Option<&LockedRelease>, new: Option<&LockedRelease>) -> ReleaseChange {
    let kind = match (old, new) {
        (None, _) => ChangeKind::Added,
        (_, None) => ChangeKind::Removed,
        (Some(old), Some(new)) if old.release == new.release => ChangeKind::Repinned,
        _ => ChangeKind::Moved,
    };
    ReleaseChange { kind, lockfile: path.to_owned(), old: old.cloned(), new: new.cloned() }
}

/// The pins of every release of a lockfile.
fn pins(lockfile: Option<&Lockfile>) -> BTreeMap<&Release, Pins> {
    let mut pins: BTreeMap<&Release, BTreeMap<Pin<'_>, LockedRelease>> = BTreeMap::new();
    let mut entries: Vec<_> = lockfile.map(|l| l.releases.iter().collect()).unwrap_or_default();
    entries.sort_by_key(|entry| entry.line);
    for entry in entries {
        if matches!(entry.origin, Origin::Path { .. }) {
            continue;
        }
        let of_release = pins.entry(&entry.release).or_default();
        of_release.entry(pin(entry)).and_modify(|first| merge(first, entry)).or_insert_with(|| entry.clone());
    }
    let by_line = |pins: BTreeMap<_, LockedRelease>| {
        let mut pins: Pins = pins.into_values().collect();
        pins.sort_by_key(|pin| pin.line);
        pins
    };
    pins.into_iter().map(|(release, pins)| (release, by_line(pins))).collect()
}

type Pin<'a> = (&'a Origin, Vec<&'a LockedDigest>);

fn pin(entry: &LockedRelease) -> Pin<'_> {
    let mut digests: Vec<_> = entry.digests.iter().collect();
    digests.sort();
    digests.dedup();
    (&entry.origin, digests)
}

/// Adds what a further entry with an equal pin says: what one of them needs, the release needs.
fn merge(first: &mut LockedRelease, other: &LockedRelease) {
    first.direct = either(first.direct, other.direct, true);
    first.dev = either(first.dev, other.dev, false);
    first.install_script = either(first.install_script, other.install_script, true);
    first.optional &= other.optional;
}

/// `strong` if one of the two says so, else whatever is said.
fn either(one: Option<bool>, other: Option<bool>, strong: bool) -> Option<bool> {
    if one == Some(strong) || other == Some(strong) { Some(strong) } else { one.or(other) }
}

/// New pins of a release that was there before. Pins that only went away bring nothing in.
fn repinned<'a>(old: &'a Pins, new: &'a Pins) -> Vec<Pair<'a>> {
    let known: BTreeSet<_> = old.iter().map(pin).collect();
    let kept: BTreeSet<_> = new.iter().map(pin).collect();
    let gone = old.iter().filter(|entry| !kept.contains(&pin(entry)));
    let mut before = gone.chain(old.first());
    let mut last = None;
    let come = new.iter().filter(|entry| !known.contains(&pin(entry)));
    come.map(|entry| {
        last = before.next().or(last);
        (last, Some(entry))
    })
    .collect()
}

fn by_name<'a>(
    releases: impl Iterator<Item = (&'a &'a Release, &'a Pins)>,
) -> BTreeMap<Name<'a>, Vec<&'a LockedRelease>> {
    let mut names: BTreeMap<Name<'a>, Vec<&LockedRelease>> = BTreeMap::new();
    for (release, pins) in releases {
        names.entry((release.ecosystem, release.name.as_str())).or_default().extend(pins);
    }
    names
}

/// Pairs removed and added versions of one package: those installed under the same name first, then the
/// nearest versions. What finds no partner is removed or added.
fn moved<'a>(removed: &[&'a LockedRelease], added: &[&'a LockedRelease]) -> Vec<Pair<'a>> {
    let mut partner: Vec<Option<usize>> = vec![None; removed.len()];
    let mut taken = vec![false; added.len()];
    for (i, j) in candidates(removed, added) {
        if partner[i].is_none() && !taken[j] {
            partner[i] = Some(j);
            taken[j] = true;
        }
    }
    let kept = removed.iter().zip(&partner).map(|(old, j)| (Some(*old), j.map(|j| added[j])));
    let fresh = added.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(new, _)| (None, Some(*new)));
    kept.chain(fresh).collect()
}

/// Pairs of indices, the best first.
fn candidates(removed: &[&LockedRelease], added: &[&LockedRelease]) -> Vec<(usize, usize)> {
    if removed.len().saturating_mul(added.len()) > MAX_PAIRS {
        return (0..removed.len().min(added.len())).map(|i| (i, i)).collect();
    }
    let mut pairs: Vec<_> = (0..removed.len()).flat_map(|i| (0..added.len()).map(move |j| (i, j))).collect();
    let distance = |i: usize, j: usize| distance(&removed[i].release.version, &added[j].release.version);
    pairs.sort_by_cached_key(|&(i, j)| {
        (removed[i].alias != added[j].alias, distance(i, j), removed[i].line, added[j].line)
    });
    pairs
}

/// How far two versions are apart, component by component: a smaller vector is nearer.
///
/// Only a pairing hint for people, so no ecosystem's own order is needed: the numbers of the release part
/// are compared from the left.
fn distance(left: &str, right: &str) -> Vec<u64> {
    let (left, right) = (numbers(left), numbers(right));
    let length = left.len().max(right.len());
    let at = |numbers: &[u64], i: usize| numbers.get(i).copied().unwrap_or(0);
    (0..length).map(|i| at(&left, i).abs_diff(at(&right, i))).collect()
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+', '!']).take(6).map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::{Digest, LockfileFormat};
    use proptest::prelude::*;

    fn entry(name: &str, version: &str, line: u32) -> LockedRelease {
        LockedRelease {
            release: Release::new(Ecosystem::Npm, name, version),
            origin: Origin::Registry { url: None },
            digests: vec![LockedDigest { digest: Digest::sha256(format!("{name} {version}").as_bytes()), file: None }],
            direct: Some(false),
            dev: Some(true),
            optional: true,
            alias: None,
            install_script: None,
            line,
            depends_on: Vec::new(),
        }
    }

    fn lockfile(releases: Vec<LockedRelease>) -> Lockfile {
        let format = LockfileFormat::NpmPackageLock;
        Lockfile { path: "package-lock.json".into(), format, root: None, releases }
    }

    fn of(entries: &[(&str, &str)]) -> Lockfile {
        lockfile((1..).zip(entries).map(|(line, (name, version))| entry(name, version, line)).collect())
    }

    fn told(old: &Lockfile, new: &Lockfile) -> Vec<String> {
        let version =
            |entry: &Option<LockedRelease>| entry.as_ref().map_or("-".to_owned(), |e| e.release.version.clone());
        diff(Some(old), Some(new))
            .iter()
            .map(|c| format!("{:?} {} {} -> {}", c.kind, c.release().name, version(&c.old), version(&c.new)))
            .collect()
    }

    #[test]
    fn one_version_for_another_is_a_move() {
        let changes = told(
            &of(&[("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0")]),
            &of(&[("d", "2.0.0"), ("b", "2.0.0"), ("c", "1.0.0")]),
        );
        assert_eq!(changes, ["Added d - -> 2.0.0", "Moved b 1.0.0 -> 2.0.0", "Removed a 1.0.0 -> -"]);
    }

    #[test]
    fn several_versions_pair_with_the_nearest() {
        let old = of(&[("a", "1.2.3"), ("a", "4.0.0"), ("a", "0.1.0")]);
        let new = of(&[("a", "4.0.1"), ("a", "1.2.4")]);
        assert_eq!(told(&old, &new), ["Moved a 4.0.0 -> 4.0.1", "Moved a 1.2.3 -> 1.2.4", "Removed a 0.1.0 -> -"]);
        assert_eq!(told(&of(&[("a", "1.0.0")]), &of(&[("a", "1.0.0"), ("a", "2.0.0")])), ["Added a - -> 2.0.0"]);
    }

    #[test]
    fn what_is_installed_under_the_same_name_pairs_first() {
        let aliased = |version, line| LockedRelease { alias: Some("old-a".into()), ..entry("a", version, line) };
        let old = lockfile(vec![aliased("1.0.0", 1), entry("a", "3.0.0", 2)]);
        let new = lockfile(vec![aliased("2.9.9", 1), entry("a", "1.0.1", 2)]);
        assert_eq!(told(&old, &new), ["Moved a 1.0.0 -> 2.9.9", "Moved a 3.0.0 -> 1.0.1"]);
    }

    #[test]
    fn other_digests_or_another_origin_are_a_repin() {
        let old = of(&[("a", "1.0.0"), ("b", "1.0.0")]);
        let mut new = old.clone();
        new.releases[0].digests.clear();
        new.releases[1].origin = Origin::Url { url: "https://evil.example.test/b.tgz".into() };
        assert_eq!(told(&old, &new), ["Repinned a 1.0.0 -> 1.0.0", "Repinned b 1.0.0 -> 1.0.0"]);
        new.releases[0].digests = [&old.releases[0].digests[..], &old.releases[0].digests[..]].concat();
        assert_eq!(told(&old, &new).len(), 1, "a digest that stands twice is no other digest");
    }

    #[test]
    fn an_unlike_copy_cannot_hide_behind_an_honest_one() {
        let old = of(&[("a", "1.0.0")]);
        let mut evil = entry("a", "1.0.0", 9);
        evil.digests = vec![LockedDigest { digest: Digest::sha256(b"evil"), file: None }];
        let new = lockfile(vec![entry("a", "1.0.0", 1), evil.clone()]);
        let changes = diff(Some(&old), Some(&new));
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].kind, changes[0].new.as_ref()), (ChangeKind::Repinned, Some(&evil)));
        assert_eq!(diff(None, Some(&new)).len(), 2);
    }

    #[test]
    fn equal_copies_are_one_change_that_needs_what_any_of_them_needs() {
        let mut second = entry("a", "1.0.0", 7);
        (second.dev, second.direct, second.optional) = (Some(false), Some(true), false);
        let changes = diff(None, Some(&lockfile(vec![entry("a", "1.0.0", 3), second])));
        let new = changes[0].new.as_ref().unwrap();
        assert_eq!(
            (changes.len(), new.line, new.dev, new.direct, new.optional),
            (1, 3, Some(false), Some(true), false)
        );
    }

    #[test]
    fn the_repositorys_own_code_is_not_reported() {
        let mut own = of(&[("web", "1.0.0")]);
        own.releases[0].origin = Origin::Path { path: "apps/web".into() };
        assert_eq!(diff(None, Some(&own)), []);
        assert_eq!(diff(None, None), []);
    }

    #[test]
    fn very_many_versions_of_one_package_stay_cheap() {
        let many = |minor: u32| lockfile((0..20_000).map(|i| entry("a", &format!("{i}.{minor}.0"), i)).collect());
        assert_eq!(diff(Some(&many(0)), Some(&many(1))).len(), 20_000);
    }

    fn any_lockfile() -> impl Strategy<Value = Lockfile> {
        let one = ("[ab]", 0u32..4, 0u8..3, 1u32..50);
        let entry = one.prop_map(|(name, version, pin, line)| {
            let mut entry = entry(&name, &format!("1.{version}.0"), line);
            match pin {
                0 => entry.digests.clear(),
                1 => entry.origin = Origin::Url { url: "https://host.example.test/x.tgz".into() },
                _ => {}
            }
            entry
        });
        proptest::collection::vec(entry, 0..12).prop_map(lockfile)
    }

    proptest! {
        #[test]
        fn nothing_changes_from_a_lockfile_to_itself(a in any_lockfile()) {
            prop_assert_eq!(diff(Some(&a), Some(&a)), vec![]);
        }

        #[test]
        fn everything_comes_in_with_a_new_lockfile_and_goes_with_it(a in any_lockfile()) {
            prop_assert!(diff(None, Some(&a)).iter().all(|c| c.kind == ChangeKind::Added));
            prop_assert!(diff(Some(&a), None).iter().all(|c| c.kind == ChangeKind::Removed));
            let added: BTreeSet<_> = diff(None, Some(&a)).iter().map(|c| c.release().clone()).collect();
            prop_assert_eq!(added, a.releases.iter().map(|r| r.release.clone()).collect::<BTreeSet<_>>());
        }

        #[test]
        fn no_pin_comes_in_unseen_and_no_release_goes_unseen(a in any_lockfile(), b in any_lockfile()) {
            let changes = diff(Some(&a), Some(&b));
            for entry in &b.releases {
                let known = a.releases.iter().any(|old| old.release == entry.release && pin(old) == pin(entry));
                let told = changes.iter().filter_map(|c| c.new.as_ref());
                let count = told.filter(|new| new.release == entry.release && pin(new) == pin(entry)).count();
                prop_assert_eq!(count, usize::from(!known));
            }
            for entry in &a.releases {
                let stays = b.releases.iter().any(|new| new.release == entry.release);
                let told = changes.iter().filter(|c| c.kind != ChangeKind::Repinned).filter_map(|c| c.old.as_ref());
                prop_assert_eq!(told.filter(|old| old.release == entry.release).count() > 0, !stays);
            }
            let lines: Vec<_> = changes.iter().filter(|c| c.comes_in()).map(ReleaseChange::line).collect();
            prop_assert!(lines.is_sorted());
        }
    }
}
