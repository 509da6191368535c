//! npm ranges, by the grammar and the rules of node-semver: `^1.2`, `~1.2.3`, `1.x`, `1 - 2`, `>=1 <2 || 3`.
//!
//! A range is alternatives of comparators that must all hold. A prerelease satisfies an alternative only if
//! one of its comparators names a prerelease of the same three numbers, unless the options say otherwise.

use super::version::{self, Identifier, Options, Version};
use std::cmp::Ordering;

/// Most comparators of one range, so that hostile ranges stay cheap to test.
const MAX_COMPARATORS: usize = 10_000;

/// A range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Never empty.
    alternatives: Vec<Vec<Comparator>>,
    include_prerelease: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Comparator {
    /// Every version, as far as prereleases are let in.
    Any,
    /// No version: what `>*` means.
    Nothing,
    Compare(Operator, Version),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Range {
    /// Reads a range.
    ///
    /// # Errors
    /// What is wrong with the text, to be put after its name.
    pub fn parse(text: &str, options: Options) -> Result<Self, &'static str> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut alternatives = Vec::new();
        let mut comparators = 0;
        for alternative in text.split("||") {
            let read = alternative_of(alternative.trim(), options)?;
            comparators += read.len();
            if comparators > MAX_COMPARATORS {
                return Err("it has more than 10,000 comparators");
            }
            if !read.is_empty() {
                alternatives.push(read);
            }
        }
        if alternatives.is_empty() {
            return Err("nothing in it is a comparator");
        }
        Ok(Self { alternatives: simplified(alternatives), include_prerelease: options.include_prerelease })
    }

    pub fn contains(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|alternative| {
            alternative.iter().all(|comparator| comparator.holds(version))
                && (self.include_prerelease || !version.is_prerelease() || names_prerelease(alternative, version))
        })
    }
}

/// Whether a comparator names a prerelease of the version's own three numbers.
fn names_prerelease(alternative: &[Comparator], version: &Version) -> bool {
    alternative.iter().any(|comparator| match comparator {
        Comparator::Compare(_, bound) => bound.is_prerelease() && bound.numbers() == version.numbers(),
        Comparator::Any | Comparator::Nothing => false,
    })
}

/// An alternative that takes everything replaces all others. node-semver does so, and it shows: in
/// `* || 1.0.0-a` the prerelease is no longer named.
fn simplified(mut alternatives: Vec<Vec<Comparator>>) -> Vec<Vec<Comparator>> {
    match alternatives.iter().position(|a| a[..] == [Comparator::Any]) {
        Some(any) => vec![alternatives.swap_remove(any)],
        None => alternatives,
    }
}

impl Comparator {
    fn holds(&self, version: &Version) -> bool {
        match self {
            Self::Any => true,
            Self::Nothing => false,
            Self::Compare(operator, bound) => {
                let order = version.cmp(bound);
                match operator {
                    Operator::Less => order == Ordering::Less,
                    Operator::LessOrEqual => order != Ordering::Greater,
                    Operator::Greater => order == Ordering::Greater,
                    Operator::GreaterOrEqual => order != Ordering::Less,
                    Operator::Equal => order == Ordering::Equal,
                }
            }
        }
    }
}

type Comparators = Result<Vec<Comparator>, &'static str>;

fn alternative_of(text: &str, options: Options) -> Comparators {
    let text = without_build(text);
    let mut comparators = Vec::new();
    match hyphen_range(&text, options) {
        Some(read) => comparators = read?,
        None => {
            for word in words(&text) {
                match comparators_of(&word, options) {
                    Ok(read) => comparators.extend(read),
                    // Loose reading passes over what it does not understand.
                    Err(_) if options.loose => {}
                    Err(message) => return Err(message),
                }
            }
        }
    }
    if comparators.contains(&Comparator::Nothing) {
        return Ok(vec![Comparator::Nothing]);
    }
    if comparators.iter().any(|c| *c != Comparator::Any) {
        comparators.retain(|c| *c != Comparator::Any);
    } else {
        comparators.truncate(1);
    }
    Ok(comparators)
}

/// Build metadata has no meaning in a range: each `+` and the identifiers after it are dropped.
fn without_build(text: &str) -> String {
    let is_build = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let mut parts = text.split('+');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(part.trim_start_matches(is_build));
    }
    kept
}

/// Comparators as words: an operator at the end of a word belongs to what follows it.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match words.last_mut() {
            Some(last) if belongs_together(last, word) => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

fn belongs_together(last: &str, word: &str) -> bool {
    if last.ends_with(['~', '^']) || last.ends_with("~>") {
        return true;
    }
    // After `==` the second sign counts as part of a version, which then ends at the space.
    last.ends_with(['<', '>', '='])
        && !last.ends_with("==")
        && word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'v' | '=' | 'x' | 'X' | '*'))
}

/// `1.2 - 2.3`; `None` when the text has another form.
fn hyphen_range(text: &str, options: Options) -> Option<Comparators> {
    let (from, to) = text.split_once(" - ")?;
    let from = Partial::parse(from.trim(), options.loose)?;
    let to = Partial::parse(to.trim(), options.loose)?;
    // node-semver writes every other upper bound anew, without what stands before it.
    let to_is_taken_as_written = to.prerelease.is_empty() && !options.include_prerelease;
    let lower = match from.lowest(options.include_prerelease) {
        _ if from.is_odd(options.loose) || (to.is_odd(options.loose) && to_is_taken_as_written) => {
            return Some(Err("an operator stands where a version should"));
        }
        Some(version) => Comparator::Compare(Operator::GreaterOrEqual, version),
        None => Comparator::Any,
    };
    let upper = match to.full() {
        Some(version) if options.include_prerelease && !version.is_prerelease() => {
            let [major, minor, patch] = version.numbers();
            version::next(patch)
                .map(|patch| Comparator::Compare(Operator::Less, Version::lowest([major, minor, patch])))
        }
        Some(version) => Ok(Comparator::Compare(Operator::LessOrEqual, version)),
        None => to.after_all().map(|after| after.map_or(Comparator::Any, |v| Comparator::Compare(Operator::Less, v))),
    };
    Some(upper.map(|upper| vec![lower, upper]))
}

/// The comparators that one word stands for.
fn comparators_of(word: &str, options: Options) -> Comparators {
    let not_a_comparator = "a part of it is not a comparator";
    if word.is_empty() {
        return Ok(vec![Comparator::Any]);
    }
    if let Some(rest) = word.strip_prefix('^') {
        return Partial::parse(rest, options.loose).ok_or(not_a_comparator)?.caret(options);
    }
    if let Some(rest) = word.strip_prefix('~') {
        let rest = rest.strip_prefix('>').unwrap_or(rest);
        return Partial::parse(rest, options.loose).ok_or(not_a_comparator)?.tilde(options);
    }
    let (operator, rest) = operator_of(word);
    let partial = Partial::parse(rest, options.loose).ok_or(not_a_comparator)?;
    if partial.is_out_of_order() || partial.is_odd(options.loose) {
        return Err(not_a_comparator);
    }
    partial.compared(operator, options)
}

fn operator_of(word: &str) -> (Option<Operator>, &str) {
    for (text, operator) in [
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("=", Operator::Equal),
    ] {
        if let Some(rest) = word.strip_prefix(text) {
            return (Some(operator), rest);
        }
    }
    (None, word)
}

/// A version of which parts may be left out or be `x`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Partial<'a> {
    prefix: &'a str,
    /// `None`: left out or `x`.
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    prerelease: Vec<Identifier>,
}

impl<'a> Partial<'a> {
    fn parse(text: &'a str, loose: bool) -> Option<Self> {
        let start = text.find(|c| !version::is_prefix(c))?;
        let (prefix, text) = text.split_at(start);
        let (major, mut rest) = part(text, loose)?;
        let mut others = [None, None];
        let mut parts = 1;
        for other in &mut others {
            let Some(after_dot) = rest.strip_prefix('.') else { break };
            (*other, rest) = part(after_dot, loose)?;
            parts += 1;
        }
        if parts < 3 && !rest.is_empty() {
            return None;
        }
        let prerelease = version::prerelease_of(rest, loose).ok()?;
        Some(Self { prefix, major, minor: others[0], patch: others[1], prerelease })
    }

    /// Whether more than one `v` stands before a full version, which only the loose spelling has.
    fn is_odd(&self, loose: bool) -> bool {
        !loose && !matches!(self.prefix, "" | "v") && self.full().is_some()
    }

    /// `*.1` and `1.x.3` mean nothing.
    fn is_out_of_order(&self) -> bool {
        (self.major.is_none() && self.minor.is_some()) || (self.minor.is_none() && self.patch.is_some())
    }

    fn full(&self) -> Option<Version> {
        let numbers = [self.major?, self.minor?, self.patch?];
        Some(Version { prerelease: self.prerelease.clone(), ..Version::release(numbers) })
    }

    /// The lowest version that it stands for; `None` when it stands for all.
    fn lowest(&self, include_prerelease: bool) -> Option<Version> {
        let major = self.major?;
        let minor = self.minor.unwrap_or(0);
        let patch = self.minor.and(self.patch).unwrap_or(0);
        let whole = self.minor.is_some() && self.patch.is_some();
        Some(match (whole, include_prerelease) {
            (true, _) if !self.prerelease.is_empty() => self.full()?,
            (_, true) => Version::lowest([major, minor, patch]),
            (_, false) => Version::release([major, minor, patch]),
        })
    }

    /// The lowest version after all that it stands for; `None` when it stands for all.
    fn after_all(&self) -> Result<Option<Version>, &'static str> {
        Ok(match (self.major, self.minor) {
            (None, _) => None,
            (Some(major), None) => Some(Version::lowest([version::next(major)?, 0, 0])),
            (Some(major), Some(minor)) => Some(Version::lowest([major, version::next(minor)?, 0])),
        })
    }

    /// `^`: nothing left of the first number that is not zero may change.
    fn caret(&self, options: Options) -> Comparators {
        let Some(major) = self.major else { return Ok(vec![Comparator::Any]) };
        let minor = self.minor.unwrap_or(0);
        let end = match (self.minor, self.patch) {
            (Some(0), Some(patch)) if major == 0 => [0, 0, version::next(patch)?],
            (Some(minor), _) if major == 0 => [0, version::next(minor)?, 0],
            _ => [version::next(major)?, 0, 0],
        };
        // A full version is its own lower bound, with prereleases included or not.
        let lower = self.full().or_else(|| {
            let numbers = [major, minor, 0];
            Some(if options.include_prerelease { Version::lowest(numbers) } else { Version::release(numbers) })
        });
        between(lower, Some(Version::lowest(end)))
    }

    /// `~`: the patch may change, or the minor where only the major stands there.
    fn tilde(&self, options: Options) -> Comparators {
        let lower = self.full().or_else(|| self.lowest(options.include_prerelease));
        between(lower, self.after_all()?)
    }

    /// After one of the plain operators, or none.
    fn compared(&self, operator: Option<Operator>, options: Options) -> Comparators {
        if let Some(version) = self.full() {
            return Ok(vec![compare(operator.unwrap_or(Operator::Equal), version, options)]);
        }
        let (Some(lower), Some(after)) = (self.lowest(options.include_prerelease), self.after_all()?) else {
            let nothing = matches!(operator, Some(Operator::Less | Operator::Greater));
            return Ok(vec![if nothing { Comparator::Nothing } else { Comparator::Any }]);
        };
        let below = |version: Version| Comparator::Compare(Operator::Less, Version::lowest(version.numbers()));
        let bound = |version: &Version| {
            if options.include_prerelease {
                Version::lowest(version.numbers())
            } else {
                Version::release(version.numbers())
            }
        };
        Ok(match operator {
            None | Some(Operator::Equal) => return between(Some(lower), Some(after)),
            Some(Operator::Greater) => vec![compare(Operator::GreaterOrEqual, bound(&after), options)],
            Some(Operator::GreaterOrEqual) => vec![compare(Operator::GreaterOrEqual, lower, options)],
            Some(Operator::Less) => vec![null_or(below(lower))],
            // node-semver 7: `<=1.x` is below 2.0.0 and all its prereleases.
            Some(Operator::LessOrEqual) => vec![null_or(below(after))],
        })
    }
}

fn between(lower: Option<Version>, upper: Option<Version>) -> Comparators {
    let Some(lower) = lower else { return Ok(vec![Comparator::Any]) };
    let mut comparators = vec![Comparator::Compare(Operator::GreaterOrEqual, lower)];
    comparators.extend(upper.map(|upper| Comparator::Compare(Operator::Less, upper)));
    Ok(comparators)
}

/// A comparison, or what it amounts to: `>=0.0.0` takes everything, `<0.0.0-0` nothing.
fn compare(operator: Operator, version: Version, options: Options) -> Comparator {
    let zero = if options.include_prerelease { Version::lowest([0; 3]) } else { Version::release([0; 3]) };
    if operator == Operator::GreaterOrEqual && version == zero {
        return Comparator::Any;
    }
    null_or(Comparator::Compare(operator, version))
}

fn null_or(comparator: Comparator) -> Comparator {
    if comparator == Comparator::Compare(Operator::Less, Version::lowest([0; 3])) {
        Comparator::Nothing
    } else {
        comparator
    }
}

/// One dot-separated part at the start of `text` and what follows it: a number, or `None` for `x`, `X`, `*`.
fn part(text: &str, loose: bool) -> Option<(Option<u64>, &str)> {
    if let Some(rest) = text.strip_prefix(['x', 'X', '*']) {
        return Some((None, rest));
    }
    version::number(text, loose).ok().map(|(number, rest)| (Some(number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn included(range: &str, version: &str, options: Options) -> bool {
        Range::parse(range, options).unwrap().contains(&Version::parse(version, true).unwrap())
    }

    #[test]
    fn ranges_take_and_leave() {
        for (range, takes, leaves) in [
            ("^1.4", "1.9.0", "2.0.0-0"),
            ("^0.4.1", "0.4.9", "0.5.0"),
            ("^0.0.7", "0.0.7", "0.0.8"),
            ("^0.x", "0.9.9", "1.0.0"),
            ("^0.0", "0.0.9", "0.1.0"),
            ("~4.1", "4.1.9", "4.2.0"),
            ("~> 4", "4.9.9", "5.0.0"),
            ("3.x", "3.0.0", "4.0.0"),
            ("3 - 4.2", "4.2.9", "4.3.0"),
            ("3.1.1 - 4.2.2", "4.2.2", "4.2.3"),
            ("> 3.1 <= 5", "5.9.9", "3.1.9"),
            (">=3.1.0-b <4 || =7.0.0", "3.1.0-c", "3.1.1-c"),
            ("", "0.0.0", "1.0.0-a"),
            ("* || 1.0.0-a", "1.0.0", "1.0.0-a"),
            ("=v3.0.0+build.1", "3.0.0+other", "3.0.1"),
            ("<*  ||3.0.0", "3.0.0", "0.0.0"),
        ] {
            assert!(included(range, takes, Options::default()), "{range} takes {takes}");
            assert!(!included(range, leaves, Options::default()), "{range} leaves {leaves}");
        }
    }

    #[test]
    fn prereleases_come_in_when_asked_for() {
        let options = Options { include_prerelease: true, ..Options::default() };
        for (range, version, expected) in [
            ("^1.4.0", "1.5.0-a", true),
            ("^1.4.0", "1.4.0-a", false),
            ("1.x", "1.0.0-a", true),
            ("1.x", "2.0.0-a", false),
            ("1 - 2.0.1", "2.0.1-a", true),
            ("1.0.0 - 2", "1.0.0-a", true),
            ("*", "0.0.0-0", true),
            (">1", "2.0.0-a", true),
        ] {
            assert_eq!(included(range, version, options), expected, "{range} {version}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused_or_passed_over() {
        for range in [
            "blue",
            "1.2.3.4",
            "*.1",
            "1.x.3",
            "1.2-a",
            ">",
            "~",
            ">=1 blue",
            "01.x",
            "9007199254740992",
            "^9007199254740991",
        ] {
            assert!(Range::parse(range, Options::default()).is_err(), "{range}");
        }
        let loose = Options { loose: true, ..Options::default() };
        assert!(included(">=1 blue", "1.0.0", loose));
        assert!(Range::parse("blue", loose).is_err());
    }

    #[test]
    fn a_range_of_very_many_comparators_is_refused() {
        assert!(Range::parse(&"1||".repeat(MAX_COMPARATORS), Options::default()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(range in r"[\^~<>=|x* .v+a0-9-]{0,20}", loose: bool, include_prerelease: bool) {
            if let Ok(range) = Range::parse(&range, Options { loose, include_prerelease }) {
                range.contains(&Version::release([1, 0, 0]));
            }
        }

        #[test]
        fn a_caret_range_takes_its_own_version(numbers: [u8; 3]) {
            let [a, b, c] = numbers;
            let version = format!("{a}.{b}.{c}");
            for operator in ["^", "~", ">=", "<=", "=", ""] {
                let range = format!("{operator}{version}");
                prop_assert!(included(&range, &version, Options::default()), "{}", range);
            }
        }
    }
}
