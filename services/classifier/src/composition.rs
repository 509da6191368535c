//! A score taken apart, so that any choice of its places can be scored again without the model.
//!
//! ```text
//! score = base + largest logit + sum of pooled, weighted by softmax(attention)      (training/trainer/network.py)
//! ```
//!
//! The maximum and the softmax are such that chunks can be put together to one that does what they did: what is not named
//! as a place is kept as such a *rest*.

use crate::answer::rounded;
use serde::{Deserialize, Serialize};

/// How far a score that is put together may be from the model's own.
const NEAR: f64 = 5e-3;

/// What a chunk, or several put together, brings into a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub logit: f64,
    pub attention: f64,
    pub pooled: f64,
}

/// Of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Composition {
    /// What the facts bring, and what the model begins with.
    pub base: f64,
    /// Of each of the answer's places, in their order.
    pub hunks: Vec<Part>,
    /// Of all others together; `None` when there are none.
    pub rest: Option<Part>,
    /// Slope and offset: probability = sigmoid(slope * score + offset), as if as many releases were malicious as not.
    pub calibration: (f64, f64),
}

impl Composition {
    /// `parts`: of all chunks. `named`: the numbers of those that are places. `without`: the model's score without each chunk.
    /// `calibration`: slope and offset. `None` when the parts do not give back what the model said: its score is made otherwise.
    pub(crate) fn of(
        parts: &[Part],
        named: &[usize],
        score: f64,
        without: &[f64],
        calibration: (f64, f64),
    ) -> Option<Self> {
        let base = score - together(parts.iter().copied())?;
        let gives = |left_out: usize| {
            let kept = parts.iter().enumerate().filter(|(number, _)| *number != left_out);
            together(kept.map(|(_, part)| *part)).map(|sum| base + sum)
        };
        let same = |(left_out, said): (usize, &f64)| gives(left_out).is_some_and(|sum| (sum - said).abs() <= NEAR);
        if !without.iter().enumerate().all(same) {
            return None;
        }
        let rest = parts.iter().enumerate().filter(|(number, _)| !named.contains(number)).map(|(_, part)| *part);
        let hunks = named.iter().map(|number| parts[*number].rounded()).collect();
        Some(Self { base: rounded(base), hunks, rest: merged(rest).map(Part::rounded), calibration })
    }

    /// The score of the places that `keep` and of the rest; `None` when nothing is left to score.
    pub fn score(&self, keep: &[bool]) -> Option<f64> {
        let kept = self.hunks.iter().zip(keep).filter(|(_, keep)| **keep).map(|(part, _)| *part);
        together(kept.chain(self.rest)).map(|sum| self.base + sum)
    }
}

impl Part {
    fn rounded(self) -> Self {
        let Self { logit, attention, pooled } = self;
        Self { logit: rounded(logit), attention: rounded(attention), pooled: rounded(pooled) }
    }
}

/// What parts bring in together.
fn together(parts: impl Iterator<Item = Part>) -> Option<f64> {
    merged(parts).map(|part| part.logit + part.pooled)
}

/// One part that does what these do.
fn merged(parts: impl Iterator<Item = Part>) -> Option<Part> {
    parts.reduce(|a, b| {
        // Of two exponentials the larger is taken out, so that neither overflows.
        let most = a.attention.max(b.attention);
        let (of_a, of_b) = ((a.attention - most).exp(), (b.attention - most).exp());
        Part {
            logit: a.logit.max(b.logit),
            attention: most + (of_a + of_b).ln(),
            pooled: (of_a * a.pooled + of_b * b.pooled) / (of_a + of_b),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part() -> impl Strategy<Value = Part> {
        (-20.0..20.0, -30.0..30.0, -20.0..20.0).prop_map(|(logit, attention, pooled)| Part { logit, attention, pooled })
    }

    /// As the network defines it, over all at once.
    fn defined(parts: &[Part]) -> f64 {
        let most = parts.iter().map(|p| p.attention).fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = parts.iter().map(|p| (p.attention - most).exp()).collect();
        let pooled: f64 = parts.iter().zip(&weights).map(|(p, w)| p.pooled * w).sum();
        parts.iter().map(|p| p.logit).fold(f64::NEG_INFINITY, f64::max) + pooled / weights.iter().sum::<f64>()
    }

    proptest! {
        #[test]
        fn any_choice_is_scored_as_the_network_would(parts in prop::collection::vec(part(), 2..30), base in -9.0..9.0_f64, keep: [bool; 3]) {
            let left = |left_out: usize| -> Vec<Part> {
                parts.iter().enumerate().filter(|(n, _)| *n != left_out).map(|(_, p)| *p).collect()
            };
            let without: Vec<f64> = (0..parts.len()).map(|n| base + defined(&left(n))).collect();
            let named: Vec<usize> = (0..parts.len().min(3)).collect();
            let made = Composition::of(&parts, &named, base + defined(&parts), &without, (1.0, 0.0)).expect("of this form");
            let chosen: Vec<Part> =
                parts.iter().enumerate().filter(|(n, _)| keep.get(*n) != Some(&false)).map(|(_, p)| *p).collect();
            match made.score(&keep) {
                Some(score) => prop_assert!((score - base - defined(&chosen)).abs() < 1e-2, "{score}"),
                None => prop_assert!(chosen.is_empty()),
            }
        }
    }

    #[test]
    fn a_model_of_another_form_is_not_taken_apart() {
        let parts = [1.0, 2.0].map(|logit| Part { logit, attention: 0.0, pooled: 0.0 });
        // A sum instead of a maximum.
        assert_eq!(Composition::of(&parts, &[0], 3.0, &[2.0, 1.0], (1.0, 0.0)), None);
        assert!(Composition::of(&parts, &[1], 2.0, &[2.0, 1.0], (1.0, 0.0)).is_some());
        assert_eq!(Composition::of(&[], &[], 0.0, &[], (1.0, 0.0)), None);
    }
}
