//! What an expression allows to choose, and when two expressions say the same.
//!
//! An expression is monotone in its licences, so its *minimal ways* (the smallest sets of licences that
//! together fulfil it) are unique, and two expressions are equivalent exactly when their ways are equal.

use super::expression::{Expression, Node, Term};
use std::collections::BTreeSet;

/// One way to take the software: these licences, all of them.
pub type Way = BTreeSet<Term>;

/// More ways than this are not listed; `(A OR B) AND (C OR D) AND ...` has exponentially many.
pub const MAX_WAYS: usize = 64;

/// Whether two expressions ask for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equivalence {
    Equivalent,
    Different,
    /// One of them has more than [`MAX_WAYS`] ways, and they are not written alike.
    Unknown,
}

impl Expression {
    /// The minimal ways, fewest licences first; `None` when there are more than [`MAX_WAYS`].
    pub fn ways(&self) -> Option<Vec<Way>> {
        let mut ways = ways(&self.0)?;
        ways.sort_by_key(|way| (way.len(), way.clone()));
        Some(ways)
    }

    pub fn equivalence(&self, other: &Self) -> Equivalence {
        match (self.ways(), other.ways()) {
            _ if self == other => Equivalence::Equivalent,
            (Some(a), Some(b)) if a == b => Equivalence::Equivalent,
            (Some(_), Some(_)) => Equivalence::Different,
            _ => Equivalence::Unknown,
        }
    }

    /// The cheapest set of licences to accept in addition so that the expression is fulfilled, given those that
    /// `accepts` takes already. Empty when it is fulfilled as it stands.
    ///
    /// Linear in the expression: each OR takes the side that lacks less (the left one of equals), so a licence
    /// that several ANDs share is counted at each.
    pub fn missing(&self, accepts: &dyn Fn(&Term) -> bool) -> Way {
        missing(&self.0, accepts)
    }

    /// Absorbed and sorted: `MIT OR MIT AND ISC` is `MIT`. `None` as for [`Expression::ways`].
    pub fn simplified(&self) -> Option<Self> {
        let all = self.ways()?.into_iter().filter_map(|way| Expression::all_of(way).map(|e| e.0));
        let nodes: Vec<Node> = all.collect();
        Some(Self(if nodes.len() == 1 { nodes.into_iter().next()? } else { Node::Any(nodes) }))
    }
}

fn ways(node: &Node) -> Option<Vec<Way>> {
    match node {
        Node::Term(term) => Some(vec![Way::from([term.clone()])]),
        Node::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all = absorb(all, ways(part)?)?;
            }
            Some(all)
        }
        Node::All(parts) => {
            let mut all = vec![Way::new()];
            for part in parts {
                let part = ways(part)?;
                let mut product = Vec::new();
                for way in &all {
                    let joined = part.iter().map(|other| way.union(other).cloned().collect()).collect();
                    product = absorb(product, joined)?;
                }
                all = product;
            }
            Some(all)
        }
    }
}

/// Adds ways and keeps only those that contain no other.
fn absorb(mut kept: Vec<Way>, new: Vec<Way>) -> Option<Vec<Way>> {
    for way in new {
        if kept.iter().any(|k| k.is_subset(&way)) {
            continue;
        }
        kept.retain(|k| !way.is_subset(k));
        kept.push(way);
        if kept.len() > MAX_WAYS {
            return None;
        }
    }
    Some(kept)
}

fn missing(node: &Node, accepts: &dyn Fn(&Term) -> bool) -> Way {
    match node {
        Node::Term(term) if accepts(term) => Way::new(),
        Node::Term(term) => Way::from([term.clone()]),
        Node::All(parts) => parts.iter().flat_map(|p| missing(p, accepts)).collect(),
        Node::Any(parts) => {
            let sides = parts.iter().map(|p| missing(p, accepts));
            sides.min_by_key(BTreeSet::len).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Expression {
        text.parse().unwrap()
    }

    fn shown(ways: &[Way]) -> Vec<String> {
        ways.iter().map(|w| w.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")).collect()
    }

    #[test]
    fn ways_are_minimal() {
        let ways = read("(MIT OR Apache-2.0) AND (ISC OR MIT) OR Zlib AND MIT").ways().unwrap();
        assert_eq!(shown(&ways), ["MIT", "Apache-2.0+ISC"]);
        assert_eq!(read("MIT OR MIT AND ISC").simplified().unwrap(), read("MIT"));
    }

    #[test]
    fn equivalence_looks_through_the_writing() {
        for (a, b, expected) in [
            ("MIT OR Apache-2.0", "Apache-2.0 OR MIT", Equivalence::Equivalent),
            ("(MIT AND ISC) OR (MIT AND Zlib)", "MIT AND (ISC OR Zlib)", Equivalence::Equivalent),
            ("MIT AND ISC", "MIT OR ISC", Equivalence::Different),
            ("GPL-2.0-only", "GPL-2.0-only WITH Classpath-exception-2.0", Equivalence::Different),
            ("GPL-2.0+", "GPL-2.0-or-later", Equivalence::Equivalent),
        ] {
            assert_eq!(read(a).equivalence(&read(b)), expected, "{a} | {b}");
        }
    }

    #[test]
    fn too_many_ways_are_unknown_and_never_equal_by_guess() {
        let pairs: Vec<String> = (0..20).map(|i| format!("(LicenseRef-a{i} OR LicenseRef-b{i})")).collect();
        let (one, other) = (read(&pairs.join(" AND ")), read(&format!("{} AND MIT", pairs.join(" AND "))));
        assert_eq!(one.ways(), None);
        assert_eq!(one.equivalence(&other), Equivalence::Unknown);
        assert_eq!(one.missing(&|_| false).len(), 20);
    }

    #[test]
    fn missing_takes_the_cheapest_side() {
        let missing = read("MIT OR ISC AND Zlib").missing(&|_| false);
        assert_eq!(missing, Way::from([Term::plain("MIT")]));
        assert!(read("MIT AND (ISC OR Zlib)").missing(&|t| t.license != "Zlib").is_empty());
    }

    fn expression() -> impl Strategy<Value = Expression> {
        let leaf = prop::sample::select(vec!["MIT", "ISC", "Zlib", "0BSD"]).prop_map(str::to_owned);
        let tree = leaf.prop_recursive(3, 12, 3, |inner| {
            (prop::collection::vec(inner, 1..4), any::<bool>())
                .prop_map(|(parts, all)| format!("({})", parts.join(if all { " AND " } else { " OR " })))
        });
        tree.prop_map(|text| text.parse().unwrap())
    }

    proptest! {
        /// The truth table of four licences is the definition that `ways` and `missing` must meet.
        #[test]
        fn ways_and_missing_meet_the_truth_table(a in expression(), b in expression()) {
            let ids = ["MIT", "ISC", "Zlib", "0BSD"];
            let accepts = |mask: usize, t: &Term| ids.iter().position(|id| *id == t.license).is_some_and(|i| mask >> i & 1 == 1);
            let holds = |e: &Expression, mask| e.missing(&|t| accepts(mask, t)).is_empty();
            let by_ways = |e: &Expression, mask| e.ways().unwrap().iter().any(|w| w.iter().all(|t| accepts(mask, t)));
            for mask in 0..16 {
                prop_assert_eq!(holds(&a, mask), by_ways(&a, mask));
                prop_assert_eq!(holds(&a, mask), holds(&a.simplified().unwrap(), mask));
            }
            let same = (0..16).all(|mask| holds(&a, mask) == holds(&b, mask));
            prop_assert_eq!(a.equivalence(&b) == Equivalence::Equivalent, same);
        }
    }
}
