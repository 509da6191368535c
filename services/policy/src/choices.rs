//! What an SPDX expression lets one choose.
//!
//! Rego has no recursion, so parentheses are beyond it; the alternatives are worked out here and rules see a list
//! of lists. Grammar: SPDX 2.3, annex D (`WITH` before `AND` before `OR`).

use lockgate_model::{Evidence, Observation};
use std::collections::BTreeSet;

/// One alternative: all of these licences apply.
type Way = BTreeSet<String>;

/// `(A OR B) AND (C OR D) AND ..` has exponentially many alternatives.
const MAX_WAYS: usize = 64;
const MAX_TOKENS: usize = 1000;
const MAX_DEPTH: usize = 32;

/// The alternatives of the license check's expression. `None` when there is none or it cannot be resolved.
pub(crate) fn of_evidence(evidence: &Evidence) -> Option<Vec<Vec<String>>> {
    let Observation::Observed { facts } = &evidence.observation else { return None };
    of_expression(facts.get("expression")?.as_str()?)
}

fn of_expression(text: &str) -> Option<Vec<Vec<String>>> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, depth: 0 };
    let ways = parser.any()?;
    parser.tokens.is_empty().then(|| ways.into_iter().map(|way| way.into_iter().collect()).collect())
}

fn tokens(text: &str) -> Option<Vec<String>> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<String> = spaced.split_whitespace().map(str::to_owned).take(MAX_TOKENS + 1).collect();
    (tokens.len() <= MAX_TOKENS).then_some(tokens)
}

struct Parser<'a> {
    tokens: &'a [String],
    depth: usize,
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> Option<()> {
        let (first, rest) = self.tokens.split_first()?;
        if first != word {
            return None;
        }
        self.tokens = rest;
        Some(())
    }

    fn any(&mut self) -> Option<Vec<Way>> {
        let mut ways = self.all()?;
        while self.take("OR").is_some() {
            ways = minimal(ways.into_iter().chain(self.all()?).collect())?;
        }
        Some(ways)
    }

    fn all(&mut self) -> Option<Vec<Way>> {
        let mut ways = self.part()?;
        while self.take("AND").is_some() {
            let right = self.part()?;
            let both = |left: &Way| right.iter().map(|r| left | r).collect::<Vec<_>>();
            ways = minimal(ways.iter().flat_map(both).collect())?;
        }
        Some(ways)
    }

    fn part(&mut self) -> Option<Vec<Way>> {
        if self.take("(").is_none() {
            return self.license();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let ways = self.any()?;
        self.take(")")?;
        self.depth -= 1;
        Some(ways)
    }

    fn license(&mut self) -> Option<Vec<Way>> {
        let mut license = self.word()?;
        if self.take("WITH").is_some() {
            license = format!("{license} WITH {}", self.word()?);
        }
        Some(vec![Way::from([license])])
    }

    fn word(&mut self) -> Option<String> {
        let (first, rest) = self.tokens.split_first()?;
        if matches!(first.as_str(), "(" | ")" | "AND" | "OR" | "WITH") {
            return None;
        }
        self.tokens = rest;
        Some(first.clone())
    }
}

/// Without alternatives that contain another: `MIT OR (MIT AND ISC)` is `MIT`.
fn minimal(ways: Vec<Way>) -> Option<Vec<Way>> {
    let mut kept: Vec<Way> = Vec::new();
    for way in ways {
        if kept.iter().any(|k| k.is_subset(&way)) {
            continue;
        }
        kept.retain(|k| !way.is_subset(k));
        kept.push(way);
    }
    (kept.len() <= MAX_WAYS).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let ways: Vec<String> = of_expression(text)?.iter().map(|way| way.join("+")).collect();
        Some(ways.join(" | "))
    }

    #[test]
    fn alternatives_are_resolved() {
        for (expression, expected) in [
            ("MIT", Some("MIT")),
            ("MIT OR Apache-2.0", Some("MIT | Apache-2.0")),
            ("MIT AND ISC OR Zlib", Some("ISC+MIT | Zlib")),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Some("MIT+Unicode-3.0 | Apache-2.0+Unicode-3.0")),
            ("GPL-2.0-only WITH Classpath-exception-2.0", Some("GPL-2.0-only WITH Classpath-exception-2.0")),
            ("MIT OR (MIT AND ISC)", Some("MIT")),
            ("((MIT))", Some("MIT")),
            ("", None),
            ("MIT Apache-2.0", None),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT)", None),
            ("AND", None),
        ] {
            assert_eq!(shown(expression).as_deref(), expected, "{expression}");
        }
    }

    #[test]
    fn hostile_expressions_are_bounded() {
        let pairs: Vec<String> = (0..20).map(|n| format!("(A{n} OR B{n})")).collect();
        assert_eq!(shown(&pairs.join(" AND ")), None);
        assert_eq!(shown(&"(".repeat(100_000)), None);
        assert_eq!(shown(&format!("{}MIT{}", "(".repeat(40), ")".repeat(40))), None);
    }
}
