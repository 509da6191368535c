//! Mutated audit bundles: nothing but what was exported verifies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/audit_bundle.rs"]
mod audit_bundle;
#[expect(dead_code, reason = "the fixture of all tests, of which a part is used")]
mod fixture;

use proptest::{prelude::*, sample::Index};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn bundles(seed in any::<Index>(), edits in edits()) {
        let seeds = audit_bundle::seeds();
        audit_bundle::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }
}

/// What happens to an input: a byte becomes another, a part is left out, doubled, or put elsewhere, the end is lost.
fn mutated(mut bytes: Vec<u8>, edits: &[(u8, Index, Index, u8)]) -> Vec<u8> {
    for (kind, at, to, value) in edits.iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
        if bytes.is_empty() {
            break;
        }
        let (at, to) = (at.index(bytes.len()), to.index(bytes.len()));
        let part = at.min(to)..at.max(to).min(at.min(to) + 200);
        match kind % 5 {
            0 | 1 => bytes[at] = *value,
            2 => drop(bytes.drain(part)),
            3 => {
                let copy = bytes[part].to_vec();
                drop(bytes.splice(at..at, copy));
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn edits() -> impl Strategy<Value = Vec<(u8, Index, Index, u8)>> {
    prop::collection::vec((any::<u8>(), any::<Index>(), any::<Index>(), any::<u8>()), 0..6)
}
