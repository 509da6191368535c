//! How far what a model saw lies from what it should have seen, or saw before.

use super::{
    compare::Part,
    drift::{deciles, psi_by_deciles, psi_by_rates, rates},
};
use lockgate_classifier::Reference;

impl Part {
    pub(crate) fn rows(&self) -> usize {
        self.facts.len()
    }

    /// Population stability indices by the name of what is compared; `None`: too few rows, or nothing is expected.
    pub(crate) fn distances(&self, expected: Option<&Reference>) -> [(&'static str, Option<f64>); 3] {
        [
            ("score", expected.and_then(|expected| psi_by_deciles(&expected.score, &self.score))),
            ("chunks", expected.and_then(|expected| psi_by_deciles(&expected.chunks, &self.chunks))),
            ("facts", expected.and_then(|expected| psi_by_rates(&expected.facts, &self.facts))),
        ]
    }

    /// As what is expected of others; `None`: too few rows.
    pub(crate) fn reference(&self) -> Option<Reference> {
        let rows = u64::try_from(self.rows()).ok()?;
        let (score, chunks) = (deciles(&self.score)?, deciles(&self.chunks)?);
        Some(Reference { rows, score, chunks, facts: rates(&self.facts)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::drift::{MOVED, STEADY};

    fn part(from: i16, facts: i16) -> Part {
        Part {
            score: (0..200).map(|n| f64::from(from + n) / 10.0).collect(),
            chunks: (0..200).map(|n| f64::from(1 + n % 7)).collect(),
            facts: vec![facts; 200],
        }
    }

    #[test]
    fn what_was_seen_is_expected_afterwards() {
        let before = part(0, 1);
        let expected = before.reference().expect("enough rows");
        assert_eq!(expected.rows, 200);
        let steady = before.distances(Some(&expected));
        assert!(steady.iter().all(|(_, psi)| psi.is_some_and(|psi| psi < STEADY)), "{steady:?}");
        let later = part(150, 2).distances(Some(&expected));
        let moved = later.map(|(input, psi)| (input, psi > Some(MOVED)));
        assert_eq!(moved, [("score", true), ("chunks", false), ("facts", true)], "{later:?}");
    }

    #[test]
    fn of_few_rows_nothing_is_known() {
        let few = Part { score: vec![1.0; 99], chunks: vec![1.0; 99], facts: vec![0; 99] };
        assert_eq!(few.reference(), None);
        let expected = part(0, 0).reference().expect("enough rows");
        assert!(few.distances(Some(&expected)).iter().all(|(_, psi)| psi.is_none()));
    }
}
