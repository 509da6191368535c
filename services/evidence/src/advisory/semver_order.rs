//! A version order for the tests: Semantic Versioning 2.0, parsed by hand.

use lockgate_model::{VersionError, VersionKey, VersionKeyWriter, VersionOrder};

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

impl VersionOrder for SemverOrder {
    fn key(&self, version: &str) -> Result<VersionKey, VersionError> {
        let (numbers, pre) = parse(version)?;
        let mut key = VersionKeyWriter::default();
        for number in numbers {
            key.number(number);
        }
        Ok(key.semver_prerelease(pre.iter().map(String::as_str)).finish())
    }

    fn in_range(&self, _range: &str, _version: &str) -> Result<bool, VersionError> {
        panic!("advisories are matched by events, never by range text")
    }

    fn is_prerelease(&self, version: &str) -> Result<bool, VersionError> {
        Ok(!parse(version)?.1.is_empty())
    }
}
