//! Holds pins, registry and bytes of one file against each other, one algorithm at a time.

use super::facts::Finding;
use lockgate_model::{Digest, DigestAlgorithm, DigestComparison, PublishedFile};

/// One file of the release: as listed, and as delivered where it was fetched.
pub(super) struct Candidate<'a> {
    pub(super) listed: &'a PublishedFile,
    pub(super) bytes: Option<&'a [u8]>,
}

/// Whether the pins hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PinState {
    /// The bytes are what a collision-resistant digest pins.
    Verified,
    NotVerified,
}

impl Candidate<'_> {
    /// Compares with `pins`, all of which are about this file. Of several digests of one algorithm any may
    /// match (W3C SRI, section 3.3.4); each algorithm must match for itself.
    pub(super) fn compare(&self, pins: &[&Digest], findings: &mut Vec<Finding>) -> PinState {
        let mut state = PinState::NotVerified;
        for algorithm in DigestAlgorithm::ALL {
            let same: Vec<&Digest> = pins.iter().copied().filter(|p| p.algorithm() == algorithm).collect();
            let Some(locked) = same.first().map(|d| (*d).clone()) else { continue };
            let registry = self.listed_digest(algorithm);
            let actual = self.bytes.map(|b| Digest::of(algorithm, b));
            if let Some(registry) = registry.filter(|r| !same.contains(r)) {
                findings.push(Finding::LockedDiffersFromRegistry {
                    file: self.listed.file.clone(),
                    locked: locked.clone(),
                    registry: registry.clone(),
                });
            }
            let holds = actual.as_ref().is_some_and(|a| same.contains(&a));
            if holds && algorithm.resists_collisions() {
                state = PinState::Verified;
            }
            match actual.filter(|_| !holds) {
                Some(actual) => {
                    let file = self.listed.file.clone();
                    findings.push(Finding::LockedDiffersFromBytes { file, locked, actual });
                }
                None if registry.is_none() && !holds => {
                    findings.push(Finding::NotVerifiedFile { file: Some(self.listed.file.clone()), locked });
                }
                None => {}
            }
        }
        state
    }

    /// Compares what the registry lists with what it delivered.
    pub(super) fn compare_listing(&self, findings: &mut Vec<Finding>) {
        let Some(bytes) = self.bytes else { return };
        for registry in &self.listed.digests {
            if registry.matches(bytes) == DigestComparison::Different {
                findings.push(Finding::RegistryDiffersFromBytes {
                    file: self.listed.file.clone(),
                    registry: registry.clone(),
                    actual: Digest::of(registry.algorithm(), bytes),
                });
            }
        }
    }

    /// How a digest from elsewhere relates to this file: to its bytes, or else to its listing.
    pub(super) fn relation(&self, digest: &Digest) -> DigestComparison {
        match (self.bytes, self.listed_digest(digest.algorithm())) {
            (Some(bytes), _) => digest.matches(bytes),
            (None, Some(listed)) => digest.compare(listed),
            (None, None) => DigestComparison::Incomparable,
        }
    }

    pub(super) fn listed_digest(&self, algorithm: DigestAlgorithm) -> Option<&Digest> {
        self.listed.digests.iter().find(|d| d.algorithm() == algorithm)
    }
}
