//! Mutated licence expressions and texts: whatever they are, the properties of `hostile/` hold.

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/license_expression.rs"]
mod license_expression;
#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/license_text.rs"]
mod license_text;

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/osv.rs"]
mod osv;

use lockgate_model::{Ecosystem, VersionError, VersionKey, VersionKeyWriter, VersionOrder};
use proptest::{prelude::*, sample::Index};
use std::cmp::Ordering;

/// Numbers between dots: enough of an order to walk through ranges with.
struct Dotted;

impl Dotted {
    fn parse(text: &str) -> Result<Vec<u64>, VersionError> {
        let fail = |_| VersionError {
            ecosystem: "test",
            what: "version",
            text: text.chars().take(80).collect(),
            message: "it is not numbers between dots".into(),
        };
        text.split('.').map(|part| part.parse().map_err(fail)).collect()
    }
}

impl VersionOrder for Dotted {
    fn key(&self, version: &str) -> Result<VersionKey, VersionError> {
        let mut key = VersionKeyWriter::default();
        for number in Self::parse(version)? {
            key.number(number);
        }
        Ok(key.end().finish())
    }

    fn in_range(&self, range: &str, version: &str) -> Result<bool, VersionError> {
        Ok(self.compare(range, version)? == Ordering::Equal)
    }

    fn is_prerelease(&self, version: &str) -> Result<bool, VersionError> {
        Self::parse(version).map(|_| false)
    }
}

fn dotted(_: Ecosystem) -> &'static dyn VersionOrder {
    &Dotted
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn osv_records(seed in any::<Index>(), edits in edits()) {
        let seeds = osv::seeds();
        osv::check_with(&mutated(seeds[seed.index(seeds.len())].clone(), &edits), dotted);
    }

    #[test]
    fn expressions(seed in any::<Index>(), edits in edits()) {
        let seeds = license_expression::seeds();
        license_expression::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
    }

    #[test]
    fn texts(seed in any::<Index>(), edits in edits()) {
        let seeds = license_text::seeds();
        license_text::check(&mutated(seeds[seed.index(seeds.len())].clone(), &edits));
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
