//! What both formats are written from: each release once, where it was seen, what it depends on.
//!
//! Lockfiles repeat a release (npm nests, monorepos have many lockfiles). Entries with the same release, the
//! same origin and the same digests are one component; a release that is pinned to other bytes elsewhere is
//! another component, since hiding that would hide an attack.

use super::{SbomInput, address};
use lockgate_model::{LockedDigest, LockedRelease, Lockfile, Origin, Release};
use std::collections::{BTreeMap, BTreeSet};

/// All components in order of their references, and the edges between them.
#[derive(Debug)]
pub(super) struct Inventory<'a> {
    pub(super) components: Vec<Component<'a>>,
    /// Indices of what the project itself depends on, ascending.
    pub(super) direct: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Component<'a> {
    /// Unique in the document: the package URL, or path and name for the repository's own code.
    pub(super) reference: String,
    /// `None` for the repository's own code.
    pub(super) purl: Option<String>,
    pub(super) release: &'a Release,
    pub(super) origin: &'a Origin,
    /// Sorted, each once.
    pub(super) digests: Vec<&'a LockedDigest>,
    /// Lockfile and 1-based line of every entry, sorted.
    pub(super) sightings: BTreeSet<(&'a str, u32)>,
    pub(super) aliases: BTreeSet<&'a str>,
    pub(super) need: Need,
    /// Named by the project itself; `None` where no lockfile tells.
    pub(super) direct: Option<bool>,
    /// The lockfile says that it runs scripts on installation.
    pub(super) install_script: Option<bool>,
    /// Indices of components, ascending, never its own.
    pub(super) depends_on: BTreeSet<usize>,
}

/// What a component is needed for, the weakest need first; the strongest of all entries counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    Development,
    Optional,
    Runtime,
}

/// What makes two entries the same component.
type Identity<'a> = (&'a Release, &'a Origin, Vec<&'a LockedDigest>);

impl<'a> Inventory<'a> {
    pub(super) fn of(input: &SbomInput<'a>) -> Self {
        // 1. Give each entry its component.
        let mut members: BTreeMap<Identity<'a>, Vec<(&'a Lockfile, &'a LockedRelease)>> = BTreeMap::new();
        for lockfile in input.lockfiles {
            for entry in lockfile.releases.iter().filter(|e| !is_project(lockfile, e)) {
                members.entry(identity(entry)).or_default().push((lockfile, entry));
            }
        }
        let mut components: Vec<_> =
            members.into_iter().map(|(identity, entries)| component(identity, &entries)).collect();
        name_uniquely(&mut components);
        let index: BTreeMap<Identity<'a>, usize> =
            components.iter().enumerate().map(|(i, c)| ((c.release, c.origin, c.digests.clone()), i)).collect();

        // 2. Turn the lockfiles' edges into edges between components.
        let mut direct = BTreeSet::new();
        for lockfile in input.lockfiles {
            let places: Vec<Option<usize>> =
                lockfile.releases.iter().map(|e| index.get(&identity(e)).copied()).collect();
            connect(lockfile, &places, &mut components, &mut direct);
        }
        Self { components, direct: direct.into_iter().collect() }
    }
}

/// The entry that stands for the project the document is about, and is no component of it.
fn is_project(lockfile: &Lockfile, entry: &LockedRelease) -> bool {
    let here = matches!(&entry.origin, Origin::Path { path } if matches!(path.as_str(), "" | "." | "./"));
    let named = lockfile
        .root
        .as_ref()
        .is_some_and(|(name, _)| entry.release.ecosystem.normalize_name(name) == entry.release.name);
    here && named && !lockfile.path.contains('/')
}

fn identity(entry: &LockedRelease) -> Identity<'_> {
    let mut digests: Vec<_> = entry.digests.iter().collect();
    digests.sort();
    digests.dedup();
    (&entry.release, &entry.origin, digests)
}

fn component<'a>(
    (release, origin, digests): Identity<'a>,
    entries: &[(&'a Lockfile, &'a LockedRelease)],
) -> Component<'a> {
    let purl = address::purl(release, origin);
    let reference = match (&purl, origin) {
        (Some(purl), _) => purl.clone(),
        (None, Origin::Path { path }) => format!("path:{path}#{}@{}", release.name, release.version),
        (None, _) => format!("{release}"),
    };
    Component {
        reference,
        purl,
        release,
        origin,
        digests,
        sightings: entries.iter().map(|(l, e)| (l.path.as_str(), e.line)).collect(),
        aliases: entries.iter().filter_map(|(_, e)| e.alias.as_deref()).collect(),
        need: entries.iter().map(|(_, e)| need(e)).max().unwrap_or(Need::Runtime),
        direct: entries.iter().filter_map(|(_, e)| e.direct).max(),
        install_script: entries.iter().filter_map(|(_, e)| e.install_script).max(),
        depends_on: BTreeSet::new(),
    }
}

fn need(entry: &LockedRelease) -> Need {
    match (entry.dev, entry.optional) {
        (Some(true), _) => Need::Development,
        (_, true) => Need::Optional,
        _ => Need::Runtime,
    }
}

/// Sorts by reference; of several with one reference all but the first get a number.
fn name_uniquely(components: &mut [Component<'_>]) {
    components.sort_by(|a, b| {
        (&a.reference, a.origin, &a.digests, &a.sightings).cmp(&(&b.reference, b.origin, &b.digests, &b.sightings))
    });
    let mut taken: BTreeSet<String> = components.iter().map(|c| c.reference.clone()).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for component in components {
        let count = seen.entry(component.reference.clone()).or_default();
        *count += 1;
        if *count == 1 {
            continue;
        }
        let mut unique = format!("{}~{count}", component.reference);
        while !taken.insert(unique.clone()) {
            *count += 1;
            unique = format!("{}~{count}", component.reference);
        }
        component.reference = unique;
    }
}

/// Adds the edges of one lockfile. An entry without a component is the project itself: its edges are direct.
fn connect(
    lockfile: &Lockfile,
    places: &[Option<usize>],
    components: &mut [Component<'_>],
    direct: &mut BTreeSet<usize>,
) {
    // An index beyond the list is a parser's defect; the edge is lost, the document is not.
    let targets = |entry: &LockedRelease| -> Vec<usize> {
        entry.depends_on.iter().filter_map(|&t| usize::try_from(t).ok()).filter_map(|t| *places.get(t)?).collect()
    };
    let mut wanted = BTreeSet::new();
    for (entry, place) in lockfile.releases.iter().zip(places) {
        match *place {
            None => direct.extend(targets(entry)),
            Some(from) => {
                let others: Vec<_> = targets(entry).into_iter().filter(|to| *to != from).collect();
                wanted.extend(others.iter().copied());
                components[from].depends_on.extend(others);
            }
        }
    }
    let told = lockfile.releases.iter().zip(places).filter(|(entry, _)| entry.direct == Some(true));
    direct.extend(told.filter_map(|(_, place)| *place));
    let untold = lockfile.releases.iter().zip(places).filter(|(entry, _)| entry.direct.is_none());
    attach(untold.filter_map(|(_, place)| *place).collect(), &wanted, components, direct);
}

/// Where the format does not say what is direct, it is what nothing else asks for; and of a circle that nothing
/// outside asks for, the first member, so that everything can be reached from the project.
fn attach(untold: Vec<usize>, wanted: &BTreeSet<usize>, components: &[Component<'_>], direct: &mut BTreeSet<usize>) {
    direct.extend(untold.iter().copied().filter(|place| !wanted.contains(place)));
    let mut reached = BTreeSet::new();
    let mut open: Vec<usize> = direct.iter().copied().collect();
    for place in std::iter::once(None).chain(untold.into_iter().map(Some)) {
        if let Some(place) = place.filter(|p| !reached.contains(p)) {
            direct.insert(place);
            open.push(place);
        }
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(&components[next].depends_on);
            }
        }
    }
}

impl Component<'_> {
    /// Whether all digests describe one artifact; otherwise each names one of several accepted files.
    pub(super) fn has_one_artifact(&self) -> bool {
        let files: BTreeSet<_> = self.digests.iter().filter_map(|d| d.file.as_deref()).collect();
        let algorithms: BTreeSet<_> = self.digests.iter().map(|d| d.digest.algorithm()).collect();
        files.len() <= 1 && algorithms.len() == self.digests.len()
    }

    /// `registry`, `git`, `url`, `path` or `bundled`.
    pub(super) fn origin_name(&self) -> &'static str {
        match self.origin {
            Origin::Registry { .. } => "registry",
            Origin::Git { .. } => "git",
            Origin::Url { .. } => "url",
            Origin::Path { .. } => "path",
            Origin::Bundled { .. } => "bundled",
        }
    }
}
