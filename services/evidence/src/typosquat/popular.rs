//! The popular names of each ecosystem, and which of them a name looks like.

use super::{
    alike::{is_scoped, joined, same_scope, skeleton, sorted_words},
    edit::{neighbourhood, one_edit},
    facts::{Alike, Likeness},
};
use lockgate_model::{Digest, Ecosystem};
use std::collections::{BTreeMap, HashMap};

/// Names that somebody would imitate: so many of the most popular of each ecosystem.
pub const TARGETS: usize = 2_000;
/// Names that are too well known to be an imitation: so many of each ecosystem.
pub const KNOWN: usize = 10_000;
/// Most look-alikes that are told.
const MOST: usize = 3;
/// Names below this length have too many neighbours for one edit to mean anything.
const SHORTEST_EDITED: usize = 6;
/// The same for names that differ in what separates their words or in the order of those.
const SHORTEST: usize = 4;
/// Shortest popular name of which an affix is told.
const SHORTEST_AFFIXED: usize = 5;
/// Affixes are told of so many of the most popular names: many a package carries the name of what it extends.
const AFFIXED: u32 = 500;

/// Longest name that is looked at; no registry takes a longer one.
const LONGEST: usize = 214;

/// What is put before and behind a name when the name itself is taken, by ecosystem.
const NPM_AFFIXES: [&[&str]; 2] =
    [&["node-", "js-", "npm-"], &["-js", "js", ".js", "-node", "-npm", "-dev", "2", "-2"]];
const PYPI_AFFIXES: [&[&str]; 2] =
    [&["python-", "python3-", "py-", "py3-"], &["-python", "-py", "-python3", "-dev", "2", "3", "-lib"]];
const CARGO_AFFIXES: [&[&str]; 2] = [&["rust-", "rs-", "cargo-rs-"], &["-rust", "-rs", "-crate", "2", "-2"]];

/// The names of one ecosystem.
#[derive(Debug, Default)]
struct Names {
    /// In the spelling that the ecosystem compares, with the place from 1.
    known: HashMap<String, u32>,
    /// Targets by form.
    skeletons: HashMap<String, String>,
    joined: HashMap<String, String>,
    words: HashMap<String, String>,
    near: HashMap<String, Vec<String>>,
}

/// The popular names of every ecosystem.
#[derive(Debug)]
pub struct Popular {
    names: BTreeMap<Ecosystem, Names>,
    digest: Digest,
}

impl Popular {
    /// The names that the program ships.
    pub fn embedded() -> Self {
        Self::embedded_but(BTreeMap::new())
    }

    /// The names that the program ships, but for the ecosystems of which `lists` has others; see [`Self::new`].
    pub fn embedded_but(lists: BTreeMap<Ecosystem, String>) -> Self {
        let mut all = BTreeMap::from([
            (Ecosystem::Npm, include_str!("names/npm.txt").to_owned()),
            (Ecosystem::Pypi, include_str!("names/pypi.txt").to_owned()),
            (Ecosystem::Cargo, include_str!("names/cargo.txt").to_owned()),
        ]);
        all.extend(lists);
        Self::new(&all)
    }

    /// `lists`: a name a line, the most popular first; `#` begins a comment. The first [`TARGETS`] are compared with, the
    /// first [`KNOWN`] are above suspicion.
    pub fn new(lists: &BTreeMap<Ecosystem, String>) -> Self {
        let said: Vec<_> = lists.iter().map(|(ecosystem, text)| (ecosystem, Digest::sha256(text.as_bytes()))).collect();
        let digest = Digest::sha256(serde_json::json!(said).to_string().as_bytes());
        let names = lists.iter().map(|(ecosystem, text)| (*ecosystem, Names::read(*ecosystem, text))).collect();
        Self { names, digest }
    }

    /// Names the lists.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The names that somebody would imitate, the most popular first.
    pub fn targets(&self, ecosystem: Ecosystem) -> Vec<String> {
        let known = self.names.get(&ecosystem).map(|names| &names.known);
        let mut targets: Vec<(u32, &String)> = known
            .into_iter()
            .flatten()
            .map(|(name, rank)| (*rank, name))
            .filter(|(rank, _)| *rank as usize <= TARGETS)
            .collect();
        targets.sort_unstable();
        targets.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// The popular names that `name` looks like, the most popular first. None for a name that is known.
    pub fn alike(&self, ecosystem: Ecosystem, name: &str) -> Vec<Alike> {
        let Some(names) = self.names.get(&ecosystem) else { return Vec::new() };
        let name = ecosystem.normalize_name(name);
        if name.len() > LONGEST || names.known.contains_key(&name) {
            return Vec::new();
        }
        let mut found: BTreeMap<u32, Alike> = BTreeMap::new();
        for (popular, how) in
            names.look(ecosystem, &name).into_iter().filter(|(popular, _)| !same_scope(popular, &name))
        {
            let rank = names.known.get(&popular).copied().unwrap_or(u32::MAX);
            // The plainest likeness comes first and stands.
            found.entry(rank).or_insert(Alike { name: popular, rank, how });
        }
        found.into_values().take(MOST).collect()
    }
}

impl Names {
    fn read(ecosystem: Ecosystem, text: &str) -> Self {
        let mut names = Self::default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for (rank, name) in (1u32..).zip(lines.map(|name| ecosystem.normalize_name(name)).take(KNOWN)) {
            if names.known.contains_key(&name) {
                continue;
            }
            names.known.insert(name.clone(), rank);
            if rank as usize <= TARGETS {
                names.aim(name);
            }
        }
        names
    }

    /// The more popular of two names of one form stays.
    fn aim(&mut self, name: String) {
        self.skeletons.entry(skeleton(&name)).or_insert_with(|| name.clone());
        if name.len() >= SHORTEST {
            self.joined.entry(joined(&name)).or_insert_with(|| name.clone());
            if let Some(words) = sorted_words(&name) {
                self.words.entry(words).or_insert_with(|| name.clone());
            }
        }
        if name.len() >= SHORTEST_EDITED {
            for neighbour in neighbourhood(&name) {
                self.near.entry(neighbour).or_default().push(name.clone());
            }
        }
    }

    /// Likenesses, the plainest first.
    fn look(&self, ecosystem: Ecosystem, name: &str) -> Vec<(String, Likeness)> {
        let mut found = Vec::new();
        found.extend(self.skeletons.get(&skeleton(name)).map(|popular| (popular.clone(), Likeness::Homoglyph {})));
        let joined_alike = self.joined.get(&joined(name)).filter(|_| name.len() >= SHORTEST);
        found.extend(joined_alike.map(|popular| {
            let scope = is_scoped(popular) != is_scoped(name);
            (popular.clone(), if scope { Likeness::Scope {} } else { Likeness::Separators {} })
        }));
        let words_alike = sorted_words(name).and_then(|words| self.words.get(&words));
        found.extend(words_alike.map(|popular| (popular.clone(), Likeness::WordOrder {})));
        for popular in neighbourhood(name).filter_map(|neighbour| self.near.get(&neighbour)).flatten() {
            found.extend(one_edit(popular, name).map(|edit| (popular.clone(), Likeness::OneEdit { edit })));
        }
        found.extend(self.affixed(ecosystem, name));
        found
    }

    fn affixed(&self, ecosystem: Ecosystem, name: &str) -> Vec<(String, Likeness)> {
        let [before, behind] = match ecosystem {
            Ecosystem::Npm => NPM_AFFIXES,
            Ecosystem::Pypi => PYPI_AFFIXES,
            Ecosystem::Cargo => CARGO_AFFIXES,
        };
        let before = before.iter().filter_map(|affix| Some((*affix, name.strip_prefix(affix)?)));
        let behind = behind.iter().filter_map(|affix| Some((*affix, name.strip_suffix(affix)?)));
        let bare = before.chain(behind).filter(|(_, bare)| bare.len() >= SHORTEST_AFFIXED);
        let popular = bare.filter(|(_, bare)| self.known.get(*bare).is_some_and(|rank| *rank <= AFFIXED));
        popular.map(|(affix, bare)| (bare.to_owned(), Likeness::Affix { affix: affix.to_owned() })).collect()
    }
}
