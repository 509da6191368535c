//! Version order and ranges: the order is antisymmetric and transitive, and equals are alike in every range.

use lockgate_ecosystems::versions;
use lockgate_model::Ecosystem;
use std::cmp::Ordering;

/// Four lines: three versions and a range.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(4, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (a, b, c, range) = (next(), next(), next(), next());
    for ecosystem in Ecosystem::ALL {
        let order = versions(ecosystem);
        let compare = |left: &str, right: &str| order.compare(left, right);
        if let (Ok(ab), Ok(ba)) = (compare(a, b), compare(b, a)) {
            assert_eq!(ab, ba.reverse(), "{ecosystem}: {a:?} and {b:?}");
        } else {
            assert!(compare(a, b).is_err() && compare(b, a).is_err(), "{ecosystem}: {a:?} and {b:?}");
        }
        if let Ok(same) = compare(a, a) {
            assert_eq!(same, Ordering::Equal, "{ecosystem}: {a:?}");
            order.is_prerelease(a).expect("what is compared is a version");
        }
        if let (Ok(ab), Ok(bc), Ok(ac)) = (compare(a, b), compare(b, c), compare(a, c))
            && ab != Ordering::Greater
            && bc != Ordering::Greater
        {
            let strict = ab == Ordering::Less || bc == Ordering::Less;
            let expected = if strict { Ordering::Less } else { Ordering::Equal };
            assert_eq!(ac, expected, "{ecosystem}: {a:?} {b:?} {c:?}");
        }
        let inside = order.in_range(range, a);
        // PEP 440: `===` compares texts, whatever they are.
        if inside.is_ok() && !range.contains("===") {
            assert!(compare(a, a).is_ok(), "{ecosystem}: what is in a range is a version: {a:?}");
        }
        // Equal versions that are also written alike but for build metadata and zeros are in the same ranges.
        if ecosystem != Ecosystem::Pypi
            && compare(a, b) == Ok(Ordering::Equal)
            && let (Ok(one), Ok(other)) = (&inside, order.in_range(range, b))
        {
            assert_eq!(*one, other, "{ecosystem}: {a:?} and {b:?} in {range:?}");
        }
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    [
        "1.0.0\n1.0.0-rc.1\n2.0.0\n^1.0.0 || >=2.0.0-0 <3",
        "1.0.post1\n1!0.1.dev3\n1.0a1+local.5\n>=1.0,!=1.0.*,<2",
        "1.2.3\n1.2.3+build\nv1.2.4\n~1.2 - 1.3.x",
        "1.0.0\n1.0\n1\n~=1.0",
        "0.0.1\n0.1.0\n0.0.0-alpha\n^0.0",
        "99999999999999999999.0.0\n1.0.0-99999999999999999999\n1.0.0-a.b.c\n*",
        "1.0rc1\n1.0c1\n1.0-1\n===1.0rc1",
        "1.0.0\n1.0.1\n1.0.2\n=1.0.0, <1.0.1",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
