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

/// A score that falls by no less has fallen by nothing, in logits: another chunk goes on doing what the one did.
const COVERED: f64 = 0.1;

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

/// A score that its parts give back.
#[derive(Debug)]
pub(crate) struct Taken {
    base: f64,
    /// Of all chunks.
    parts: Vec<Part>,
}

impl Taken {
    /// `parts`: of all chunks. `without`: the model's score without each chunk. `None` when the parts do not give back what the
    /// model said: its score is made otherwise.
    pub(crate) fn apart(parts: Vec<Part>, score: f64, without: &[f64]) -> Option<Self> {
        let base = score - together(parts.iter().copied())?;
        let gives = without_each(&parts).into_iter().map(|rest| rest.map(|rest| base + rest.sum()));
        let mut both = gives.zip(without);
        both.all(|(gives, said)| gives.is_some_and(|sum| (sum - said).abs() <= NEAR)).then_some(Self { base, parts })
    }

    /// The chunks without which the score falls, at most `most`, and by how much: one is taken out after the other, each time
    /// that by which it falls furthest. So each of two that do the same is found, where either alone would cover for the other.
    pub(crate) fn falls(&self, most: usize) -> Vec<(usize, f64)> {
        let mut kept: Vec<usize> = (0..self.parts.len()).collect();
        let mut falls: Vec<(usize, f64)> = vec![];
        // Those whose work another one goes on doing: they share its fall.
        let mut covered = 0;
        while falls.len() < most && !kept.is_empty() {
            let (place, fall) = self.furthest(&kept);
            if fall < -COVERED {
                break;
            }
            falls.push((kept.remove(place), 0.0));
            covered += 1;
            if fall > 0.0 {
                let from = falls.len() - covered;
                falls[from..].iter_mut().for_each(|(_, each)| *each = fall / covered as f64);
                covered = 0;
            }
        }
        falls.truncate(falls.len() - covered);
        // The one that covered for others falls furthest, and goes last.
        falls.sort_by(|a, b| b.1.total_cmp(&a.1));
        falls
    }

    /// The place in `kept` without which the score falls furthest, and by how much; where it falls by none, that of the worst
    /// chunk.
    fn furthest(&self, kept: &[usize]) -> (usize, f64) {
        let parts: Vec<Part> = kept.iter().map(|number| self.parts[*number]).collect();
        let whole = together(parts.iter().copied()).unwrap_or_default();
        let each = || without_each(&parts).into_iter().map(|rest| whole - rest.map_or(0.0, Part::sum)).enumerate();
        // Of equals the first: the likelier to run.
        let furthest = each().reduce(|a, b| if b.1 > a.1 { b } else { a }).unwrap_or_default();
        if furthest.1 > 0.0 {
            return furthest;
        }
        let worst = |a: (usize, f64), b: (usize, f64)| if parts[b.0].logit > parts[a.0].logit { b } else { a };
        each().reduce(worst).unwrap_or_default()
    }

    /// `named`: the numbers of the chunks that are places.
    pub(crate) fn composition(&self, named: &[usize], calibration: (f64, f64)) -> Composition {
        let others = self.parts.iter().enumerate().filter(|(number, _)| !named.contains(number));
        Composition {
            base: rounded(self.base),
            hunks: named.iter().map(|number| self.parts[*number].rounded()).collect(),
            rest: merged(others.map(|(_, part)| *part)).map(Part::rounded),
            calibration,
        }
    }
}

impl Composition {
    /// The score of the places that `keep` and of the rest; `None` when nothing is left to score.
    pub fn score(&self, keep: &[bool]) -> Option<f64> {
        let kept = self.hunks.iter().zip(keep).filter(|(_, keep)| **keep).map(|(part, _)| *part);
        together(kept.chain(self.rest)).map(|sum| self.base + sum)
    }
}

impl Part {
    fn sum(self) -> f64 {
        self.logit + self.pooled
    }

    fn rounded(self) -> Self {
        let Self { logit, attention, pooled } = self;
        Self { logit: rounded(logit), attention: rounded(attention), pooled: rounded(pooled) }
    }
}

/// What parts bring in together.
fn together(parts: impl Iterator<Item = Part>) -> Option<f64> {
    merged(parts).map(Part::sum)
}

/// One part that does what these do.
fn merged(parts: impl Iterator<Item = Part>) -> Option<Part> {
    parts.reduce(both)
}

fn both(a: Part, b: Part) -> Part {
    // Of two exponentials the larger is taken out, so that neither overflows.
    let most = a.attention.max(b.attention);
    let (of_a, of_b) = ((a.attention - most).exp(), (b.attention - most).exp());
    Part {
        logit: a.logit.max(b.logit),
        attention: most + (of_a + of_b).ln(),
        pooled: (of_a * a.pooled + of_b * b.pooled) / (of_a + of_b),
    }
}

/// For each part, all others as one; `None` where there is no other. What lies before and what lies behind is put together
/// once, so that many parts cost no more than twice their number.
fn without_each(parts: &[Part]) -> Vec<Option<Part>> {
    let grown = |sum: &mut Option<Part>, part: &Part| {
        let before = *sum;
        *sum = Some(before.map_or(*part, |before| both(before, *part)));
        Some(before)
    };
    let before: Vec<Option<Part>> = parts.iter().scan(None, grown).collect();
    let behind: Vec<Option<Part>> = parts.iter().rev().scan(None, grown).collect();
    let joined = |(before, behind): (Option<Part>, &Option<Part>)| merged(before.into_iter().chain(*behind));
    before.into_iter().zip(behind.iter().rev()).map(joined).collect()
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
            let taken = Taken::apart(parts.clone(), base + defined(&parts), &without).expect("of this form");
            let made = taken.composition(&named, (1.0, 0.0));
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
        assert!(Taken::apart(parts.to_vec(), 3.0, &[2.0, 1.0]).is_none());
        assert!(Taken::apart(parts.to_vec(), 2.0, &[2.0, 1.0]).is_some());
        assert!(Taken::apart(vec![], 0.0, &[]).is_none());
    }

    #[test]
    fn each_of_two_that_do_the_same_is_found() {
        let parts = [5.0, -2.0, 5.0].map(|logit| Part { logit, attention: 0.0, pooled: 0.0 });
        let taken = Taken::apart(parts.to_vec(), 6.0, &[6.0, 6.0, 6.0]).expect("of this form");
        // Alone neither lowers the score.
        assert_eq!(taken.falls(5), [(0, 3.5), (2, 3.5)]);
        assert_eq!(taken.falls(1), []);
        let parts = [5.0, -2.0, 4.0].map(|logit| Part { logit, attention: 0.0, pooled: 0.0 });
        let taken = Taken::apart(parts.to_vec(), 6.0, &[5.0, 6.0, 6.0]).expect("of this form");
        assert_eq!(taken.falls(5), [(2, 6.0), (0, 1.0)]);
        assert_eq!(taken.falls(1), [(0, 1.0)]);
    }
}
