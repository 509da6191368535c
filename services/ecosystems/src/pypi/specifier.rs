//! Version specifiers of PEP 440, judged as the library `packaging` judges them.
//!
//! The crate that parses our versions has specifiers too, but compares prefixes only as far as the shorter
//! one goes (`==1.2.*` would take 1) and reads `===` as a version, so the rules stand here.

use super::version;
use lockgate_model::VersionError;
use pep440_rs::Version;
use std::str::FromStr;

/// Specifiers that must all hold; none at all holds for every version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Specifiers(Vec<Specifier>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Specifier {
    /// `===`: the same text, whatever it means.
    Identical(String),
    Compared(Operator, Version),
    /// `==V.*` and `!=V.*`.
    Prefix(Operator, Version),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Compatible,
    AtMost,
    AtLeast,
    Less,
    Greater,
}

/// Longest first: a shorter one may begin a longer one.
const OPERATORS: [(&str, Operator); 7] = [
    ("~=", Operator::Compatible),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl FromStr for Specifiers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Specifiers {
    /// Whether `text`, a version as written, satisfies all specifiers.
    ///
    /// # Errors
    /// When `text` is not a version; only `===` can be judged without one.
    pub(super) fn contain(&self, text: &str) -> Result<bool, VersionError> {
        let version = version::read(text);
        for specifier in &self.0 {
            let holds = match specifier {
                Specifier::Identical(wanted) => text.eq_ignore_ascii_case(wanted),
                other => other.holds(version.as_ref().map_err(Clone::clone)?),
            };
            if !holds {
                return Ok(false);
            }
        }
        if self.0.is_empty() { version.map(|_| true) } else { Ok(true) }
    }

    /// The one version that the set pins: `==V` without prefix, or `===V`.
    pub(super) fn pinned(&self) -> Option<String> {
        self.0.iter().find_map(|specifier| match specifier {
            Specifier::Compared(Operator::Equal, version) => Some(version.to_string()),
            Specifier::Identical(text) => Some(version::normal(text)),
            _ => None,
        })
    }
}

impl FromStr for Specifier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(wanted) = text.strip_prefix("===") {
            let wanted = wanted.trim();
            let readable = !wanted.contains(|c: char| c.is_whitespace() || c == ';' || c == ')');
            return if readable { Ok(Self::Identical(wanted.to_owned())) } else { Err("=== takes one word".into()) };
        }
        let (operator, rest) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?.trim())))
            .ok_or("it does not begin with an operator")?;
        if let Some(prefix) = rest.strip_suffix(".*") {
            return Self::prefix(operator, parse(prefix)?);
        }
        let version = parse(rest)?;
        if version.is_local() && !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err("only == and != take a local version".into());
        }
        if operator == Operator::Compatible && version.release().len() < 2 {
            return Err("~= takes at least two numbers".into());
        }
        Ok(Self::Compared(operator, version))
    }
}

impl Specifier {
    fn prefix(operator: Operator, version: Version) -> Result<Self, String> {
        if !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err("only == and != take .*".into());
        }
        if version.is_local() || version.any_prerelease() || version.is_post() {
            return Err("only a release may be followed by .*".into());
        }
        Ok(Self::Prefix(operator, version))
    }

    fn holds(&self, version: &Version) -> bool {
        match self {
            Self::Identical(_) => false,
            Self::Prefix(operator, prefix) => {
                has_prefix(version, prefix, prefix.release()) == (*operator == Operator::Equal)
            }
            Self::Compared(operator, bound) => operator.holds(version, bound),
        }
    }
}

impl Operator {
    fn holds(self, version: &Version, bound: &Version) -> bool {
        match self {
            Self::Equal => equal(version, bound),
            Self::NotEqual => !equal(version, bound),
            Self::Compatible => {
                let release = bound.release();
                version >= bound && has_prefix(version, bound, &release[..release.len().saturating_sub(1)])
            }
            Self::AtLeast => version >= bound,
            Self::AtMost => version.clone().without_local() <= *bound,
            Self::Less if bound.any_prerelease() => version < bound,
            // Pre-releases of the bound itself are not below it.
            Self::Less => *version < bound.clone().with_dev(Some(0)),
            Self::Greater => greater(version, bound),
        }
    }
}

/// Local labels of the candidate count only where the specifier has one.
fn equal(version: &Version, bound: &Version) -> bool {
    if bound.is_local() { version == bound } else { version.clone().without_local() == *bound }
}

/// A post-release of the bound is not above it, unless the bound is a post-release itself; nor is a local version.
fn greater(version: &Version, bound: &Version) -> bool {
    if bound.is_dev() || bound.is_post() {
        return version.clone().without_local() > *bound;
    }
    let same_release = version.epoch() == bound.epoch() && version.only_release() == bound.only_release();
    version > bound && !(same_release && version.pre() == bound.pre())
}

/// Whether epoch and leading release numbers agree; missing numbers count as zero.
fn has_prefix(version: &Version, wanted: &Version, prefix: &[u64]) -> bool {
    let release = version.release();
    version.epoch() == wanted.epoch()
        && prefix.iter().enumerate().all(|(i, number)| release.get(i).copied().unwrap_or(0) == *number)
}

fn parse(text: &str) -> Result<Version, String> {
    Version::from_str(text).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(range: &str, version: &str) -> bool {
        range.parse::<Specifiers>().unwrap().contain(version).unwrap()
    }

    #[test]
    fn each_operator_follows_pep_440() {
        for (range, inside, outside) in [
            ("==1.2", &["1.2", "1.2.0", "1.2+local"][..], &["1.2.1", "1.2.post1", "1.2a1"][..]),
            ("==1.2+a", &["1.2+a"], &["1.2", "1.2+b"]),
            ("!=1.2", &["1.2.1", "1.2.post1"], &["1.2", "1.2+local"]),
            ("==1.2.*", &["1.2", "1.2.9", "1.2a1", "1.2.post1+x"], &["1", "1.20", "1.3.dev0", "1!1.2"]),
            ("!=1.2.*", &["1", "1.3"], &["1.2.1", "1.2rc1"]),
            ("~=1.4.5", &["1.4.5", "1.4.99"], &["1.4.4", "1.5", "1.5.dev0"]),
            ("~=1.4", &["1.4", "1.99", "1.4.post1"], &["2.0", "1.4a1"]),
            ("<1.2", &["1.1", "1.1.post9"], &["1.2", "1.2.dev0", "1.2rc1"]),
            ("<1.2rc2", &["1.2rc1", "1.2.dev0"], &["1.2rc2", "1.2"]),
            (">1.2", &["1.2.1", "1.3.dev0"], &["1.2", "1.2.post1", "1.2+x", "1.2.0.post1"]),
            (">1.2.post1", &["1.2.post2", "1.2.1"], &["1.2.post1", "1.2.post1+x"]),
            (">=1.2,<2", &["1.2", "1.9"], &["2", "1.1", "2.0rc1"]),
            ("<=1.2", &["1.2+x", "1.2rc1"], &["1.2.post1"]),
            ("", &["1.0a1"], &[]),
        ] {
            for version in inside {
                assert!(contains(range, version), "{version} is in {range:?}");
            }
            for version in outside {
                assert!(!contains(range, version), "{version} is not in {range:?}");
            }
        }
    }

    #[test]
    fn identity_needs_no_version() {
        assert!(contains("===2004D", "2004d"));
        assert!(!contains("===1.0", "1"));
        assert!(">=1".parse::<Specifiers>().unwrap().contain("2004 d").is_err());
    }

    #[test]
    fn malformed_specifiers_are_refused() {
        for range in ["1.0", "=1.0", "~=1", ">=1.*", "==1.0a1.*", ">=1.0+x", "==", "=== a b", ">=1 <2", "^1.0"] {
            assert!(range.parse::<Specifiers>().is_err(), "{range}");
        }
    }

    #[test]
    fn only_equality_pins() {
        for (range, pinned) in
            [("==1.0-RC1", Some("1.0rc1")), ("===1.0", Some("1.0")), ("==1.*", None), (">=1", None), ("", None)]
        {
            assert_eq!(range.parse::<Specifiers>().unwrap().pinned().as_deref(), pinned, "{range}");
        }
    }
}
