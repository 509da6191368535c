//! Medians of runs that take turns, and what they are worth.

use anyhow::Result;
use std::time::{Duration, Instant};

/// Times of one of the things compared, in seconds or whatever its unit is.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample(Vec<f64>);

impl Sample {
    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn add(&mut self, time: Duration) {
        self.push(time.as_secs_f64());
    }

    /// The value below which `part` (0 to 1) of all lie; 0 for an empty sample.
    pub(super) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let index = ((sorted.len().saturating_sub(1)) as f64 * part).round() as usize;
        sorted.get(index).copied().unwrap_or_default()
    }

    /// The same in another unit.
    pub(super) fn times(&self, factor: f64) -> Self {
        Self(self.0.iter().map(|value| value * factor).collect())
    }

    pub(super) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Half the distance between the quartiles, as a part of the median: how far one run strays.
    pub(super) fn noise(&self) -> f64 {
        let median = self.median();
        if median == 0.0 { 0.0 } else { (self.quantile(0.75) - self.quantile(0.25)) / 2.0 / median }
    }
}

/// Runs ours and the peer's by turns, `rounds` times, after one run of each that does not count.
pub(super) fn by_turns(
    rounds: usize,
    mut ours: impl FnMut() -> Result<f64>,
    mut peers: impl FnMut() -> Result<f64>,
) -> Result<(Sample, Sample)> {
    ours()?;
    peers()?;
    let (mut our, mut their) = (Sample::default(), Sample::default());
    for _ in 0..rounds {
        our.push(ours()?);
        their.push(peers()?);
    }
    Ok((our, their))
}

/// Seconds that `work` takes.
pub(super) fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let started = Instant::now();
    let done = work();
    (started.elapsed().as_secs_f64(), done)
}

/// The exponent with which `costs` grow: the slope of a straight line through the logarithms (least squares).
/// 1 is linear; a fixed cost at the small end draws it below.
pub(super) fn exponent(costs: &[(f64, f64)]) -> f64 {
    let points: Vec<(f64, f64)> =
        costs.iter().filter(|(n, c)| *n > 0.0 && *c > 0.0).map(|(n, c)| (n.ln(), c.ln())).collect();
    #[expect(clippy::cast_precision_loss, reason = "a handful of points")]
    let count = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / count, y + p.1 / count));
    let (over, under) =
        points.iter().fold((0.0, 0.0), |(o, u), (x, y)| (o + (x - mean_x) * (y - mean_y), u + (x - mean_x).powi(2)));
    if under == 0.0 { 0.0 } else { over / under }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_values() {
        let mut sample = Sample::default();
        [5.0, 1.0, 4.0, 2.0, 3.0].into_iter().for_each(|v| sample.push(v));
        assert_eq!((sample.median(), sample.quantile(0.99), sample.quantile(0.0)), (3.0, 5.0, 1.0));
        assert!((sample.noise() - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(Sample::default().median(), 0.0);
    }

    #[test]
    fn exponents_are_those_of_the_law() {
        let law = |power: f64| [10.0_f64, 100.0, 1000.0].map(|n| (n, 3.0 * n.powf(power)));
        for power in [0.5, 1.0, 2.0] {
            assert!((exponent(&law(power)) - power).abs() < 1e-9);
        }
    }
}
