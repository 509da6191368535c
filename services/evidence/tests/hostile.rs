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

lockgate_hostile::holds! {
    60;
    expressions: license_expression,
    texts: license_text,
}

#[test]
fn osv_records() {
    lockgate_hostile::mutate(60, &osv::seeds(), |input| osv::check_with(input, dotted));
}
