//! Mutated lockfiles, registry answers and versions: whatever they are, the properties of `hostile/` hold.

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/lockfiles.rs"]
mod lockfiles;
#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/registries.rs"]
mod registries;
#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/versions.rs"]
mod versions;

use proptest::{prelude::*, sample::Index};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn npm_lockfiles(seed in any::<Index>(), edits in edits()) {
        let seeds = lockfiles::npm::seeds();
        lockfiles::npm::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn uv_lockfiles(seed in any::<Index>(), edits in edits()) {
        let seeds = lockfiles::uv::seeds();
        lockfiles::uv::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn poetry_lockfiles(seed in any::<Index>(), edits in edits()) {
        let seeds = lockfiles::poetry::seeds();
        lockfiles::poetry::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn pylock_lockfiles(seed in any::<Index>(), edits in edits()) {
        let seeds = lockfiles::pylock::seeds();
        lockfiles::pylock::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn requirements_files(seed in any::<Index>(), edits in edits()) {
        let seeds = lockfiles::requirements::seeds();
        lockfiles::requirements::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn cargo_lockfiles(seed in any::<Index>(), edits in edits()) {
        let seeds = lockfiles::cargo::seeds();
        lockfiles::cargo::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn npm_packuments(seed in any::<Index>(), edits in edits()) {
        let seeds = registries::npm::seeds();
        registries::npm::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn pypi_answers(seed in any::<Index>(), edits in edits()) {
        let seeds = registries::pypi::seeds();
        registries::pypi::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn cargo_index_entries(seed in any::<Index>(), edits in edits()) {
        let seeds = registries::cargo::seeds();
        registries::cargo::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn version_order(seed in any::<Index>(), edits in edits()) {
        let seeds = versions::seeds();
        versions::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
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
