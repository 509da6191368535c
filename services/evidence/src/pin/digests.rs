//! Whether the digests of an entry say as much as those before.

use super::facts::Finding;
use lockgate_model::{Digest, DigestAlgorithm, LockedDigest, LockedRelease, Origin};
use std::collections::BTreeMap;

/// Digests that an archive at an address must have; of a registry's releases the checksum check says so.
pub(super) fn lacking(entry: &LockedRelease) -> Option<Finding> {
    let Origin::Url { url } = &entry.origin else { return None };
    match strongest(&entry.digests) {
        None => Some(Finding::AddressWithoutDigest { address: url.clone() }),
        Some(locked) if !locked.algorithm().resists_collisions() => {
            Some(Finding::AddressWithWeakDigest { address: url.clone(), locked: locked.clone() })
        }
        Some(_) => None,
    }
}

/// 1. Digests that went, or became weaker, in whatever version.
/// 2. Of the same version: other bytes.
pub(super) fn compare(old: &LockedRelease, new: &LockedRelease) -> Vec<Finding> {
    // A commit pins content without a digest of ours, and what is bundled is pinned with its bundler.
    if !matches!(new.origin, Origin::Registry { .. } | Origin::Url { .. }) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    // 1.
    match (strongest(&old.digests), strongest(&new.digests)) {
        (Some(before), None) => findings.push(Finding::DigestRemoved { before: before.clone() }),
        (Some(before), Some(after)) if after.algorithm() < before.algorithm() => {
            findings.push(Finding::DigestWeakened { before: before.clone(), after: after.clone() });
        }
        _ => {}
    }
    // 2.
    if old.release == new.release {
        findings.extend(changed(&old.digests, &new.digests));
    }
    findings
}

/// Digests of one file and one algorithm, of which none stayed. New files may join a release, and a lockfile may name
/// more digests than before; that takes nothing back.
fn changed(old: &[LockedDigest], new: &[LockedDigest]) -> Vec<Finding> {
    let (before, after) = (by_file(old), by_file(new));
    let pairs = before.iter().filter_map(|(key, before)| Some((key, before, after.get(key)?)));
    let differ = pairs.filter(|(_, before, after)| !before.iter().any(|digest| after.contains(digest)));
    let finding = |((file, _), before, after): (&Key<'_>, &Vec<&Digest>, &Vec<&Digest>)| {
        let (before, after) = (before.first()?, after.first()?);
        Some(Finding::DigestChanged {
            file: file.map(str::to_owned),
            before: (*before).clone(),
            after: (*after).clone(),
        })
    };
    differ.filter_map(finding).collect()
}

type Key<'a> = (Option<&'a str>, DigestAlgorithm);

fn by_file(digests: &[LockedDigest]) -> BTreeMap<Key<'_>, Vec<&Digest>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for LockedDigest { digest, file } in digests {
        found.entry((file.as_deref(), digest.algorithm())).or_default().push(digest);
    }
    found
}

fn strongest(digests: &[LockedDigest]) -> Option<&Digest> {
    digests.iter().map(|locked| &locked.digest).max_by_key(|digest| digest.algorithm())
}
