//! A version order for the tests: Semantic Versioning 2.0, parsed by hand.

use lockgate_model::{VersionError, VersionOrder};
use std::cmp::Ordering;

#[derive(Debug)]
pub(crate) struct SemverOrder;

type Parsed = ([u64; 3], Vec<String>);

fn parse(text: &str) -> Result<Parsed, VersionError> {
    let refuse = || VersionError { ecosystem: "npm", what: "version", text: text.into(), message: "not semver".into() };
    let text = text.split('+').next().unwrap_or_default();
    let (core, pre) = text.split_once('-').unwrap_or((text, ""));
    let numbers = core.split('.').map(str::parse).collect::<Result<Vec<u64>, _>>().map_err(|_| refuse())?;
    let numbers: [u64; 3] = numbers.try_into().map_err(|_| refuse())?;
    Ok((numbers, pre.split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect()))
}

fn compare_identifiers(left: &str, right: &str) -> Ordering {
    match (left.parse::<u64>(), right.parse::<u64>()) {
        (Ok(l), Ok(r)) => l.cmp(&r),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

impl VersionOrder for SemverOrder {
    fn compare(&self, left: &str, right: &str) -> Result<Ordering, VersionError> {
        let ((l, l_pre), (r, r_pre)) = (parse(left)?, parse(right)?);
        let pre = match (l_pre.is_empty(), r_pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let differ = l_pre.iter().zip(&r_pre).map(|(l, r)| compare_identifiers(l, r)).find(|o| o.is_ne());
                differ.unwrap_or(l_pre.len().cmp(&r_pre.len()))
            }
        };
        Ok(l.cmp(&r).then(pre))
    }

    fn in_range(&self, _range: &str, _version: &str) -> Result<bool, VersionError> {
        panic!("advisories are matched by events, never by range text")
    }

    fn is_prerelease(&self, version: &str) -> Result<bool, VersionError> {
        Ok(!parse(version)?.1.is_empty())
    }
}
