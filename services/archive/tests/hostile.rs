//! Mutated archives and differences: whatever they are, the properties of `hostile/` hold.

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/archives.rs"]
mod archives;

use proptest::{prelude::*, sample::Index};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn gzipped_tars(seed in any::<Index>(), edits in edits()) {
        let seeds = archives::tar_gz::seeds();
        archives::tar_gz::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn zips(seed in any::<Index>(), edits in edits()) {
        let seeds = archives::zip::seeds();
        archives::zip::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn differences(seed in any::<Index>(), edits in edits()) {
        let seeds = archives::diff::seeds();
        archives::diff::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
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
