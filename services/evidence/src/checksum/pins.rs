//! Which pins are about which file, and what is wrong with pins that are about none.

use super::{
    compare::{Candidate, PinState},
    facts::Finding,
};
use lockgate_model::{Digest, DigestComparison, Ecosystem, LockedDigest};
use std::collections::BTreeMap;

/// The pins of one lockfile entry.
pub(super) struct Pins<'a> {
    by_file: BTreeMap<&'a str, Vec<&'a Digest>>,
    /// About the one artifact that npm and cargo releases have.
    of_release: Vec<&'a Digest>,
    /// pip: each is about some file of the release, and which one is not said.
    unnamed: Vec<&'a Digest>,
}

impl<'a> Pins<'a> {
    pub(super) fn new(ecosystem: Ecosystem, digests: &'a [LockedDigest]) -> Self {
        let mut pins = Self { by_file: BTreeMap::new(), of_release: Vec::new(), unnamed: Vec::new() };
        for LockedDigest { digest, file } in digests {
            match (file, ecosystem) {
                (Some(file), _) => pins.by_file.entry(file).or_default().push(digest),
                (None, Ecosystem::Pypi) => pins.unnamed.push(digest),
                (None, Ecosystem::Npm | Ecosystem::Cargo) => pins.of_release.push(digest),
            }
        }
        pins
    }

    /// Compares every file with its pins; the names of those that hold.
    pub(super) fn compare(&self, files: &[Candidate<'_>], findings: &mut Vec<Finding>) -> Vec<String> {
        let mut verified = Vec::new();
        for file in files {
            let named = self.by_file.get(file.listed.file.as_str());
            let pins: Vec<&Digest> = named.into_iter().flatten().chain(&self.of_release).copied().collect();
            if file.compare(&pins, findings) == PinState::Verified {
                verified.push(file.listed.file.clone());
            }
        }
        verified.extend(self.compare_unnamed(files, findings));
        verified
    }

    /// A set of pins without names: a file that is among them is pinned, another is simply not. When no pin
    /// is met by any file, the release is another one than was locked.
    fn compare_unnamed(&self, files: &[Candidate<'_>], findings: &mut Vec<Finding>) -> Vec<String> {
        let meets = |f: &Candidate<'_>, pin: &Digest| f.relation(pin) == DigestComparison::Equal;
        let is_met = |pin: &Digest| files.iter().any(|f| meets(f, pin));
        if !self.unnamed.is_empty() && !self.unnamed.iter().any(|pin| is_met(pin)) {
            files.iter().for_each(|f| {
                f.compare(&self.unnamed, findings);
            });
            return Vec::new();
        }
        for pin in &self.unnamed {
            // A pin that the listing meets and the bytes do not is about a file that was exchanged.
            let exchanged = files.iter().find(|f| f.listed.digests.contains(pin) && !meets(f, pin));
            if let Some(file) = exchanged {
                file.compare(&[pin], findings);
            }
        }
        let holds = |f: &&Candidate<'_>| {
            let met = |pin: &Digest| pin.algorithm().resists_collisions() && meets(f, pin);
            f.bytes.is_some() && self.unnamed.iter().any(|pin| met(pin))
        };
        files.iter().filter(holds).map(|f| f.listed.file.clone()).collect()
    }

    /// Pins that no file of the registry's list can meet.
    pub(super) fn find_unknown(&self, files: &[Candidate<'_>], findings: &mut Vec<Finding>) {
        for (name, pins) in &self.by_file {
            if !files.iter().any(|f| f.listed.file == *name) {
                findings.extend(pins.iter().take(1).map(|pin| Finding::LockedFileUnknownToRegistry {
                    file: Some((*name).to_owned()),
                    locked: (*pin).clone(),
                }));
            }
        }
        for pin in &self.unnamed {
            let relations: Vec<_> = files.iter().map(|f| f.relation(pin)).collect();
            if relations.contains(&DigestComparison::Equal) || files.iter().any(|f| f.listed.digests.contains(pin)) {
                continue;
            }
            let locked = (*pin).clone();
            findings.push(if relations.contains(&DigestComparison::Incomparable) {
                Finding::NotVerifiedFile { file: None, locked }
            } else {
                Finding::LockedFileUnknownToRegistry { file: None, locked }
            });
        }
    }

    /// Pins that are there but too weak, or not there at all.
    pub(super) fn find_weak(&self, findings: &mut Vec<Finding>) {
        if self.by_file.is_empty() && self.of_release.is_empty() && self.unnamed.is_empty() {
            findings.push(Finding::NoLockedDigest {});
        }
        let named = self.by_file.iter().map(|(name, pins)| (Some((*name).to_owned()), pins));
        for (file, pins) in named.chain([(None, &self.of_release), (None, &self.unnamed)]) {
            if let Some(locked) = pins.iter().max_by_key(|p| p.algorithm())
                && !locked.algorithm().resists_collisions()
            {
                findings.push(Finding::WeakDigestOnly { file, locked: (*locked).clone() });
            }
        }
    }
}
