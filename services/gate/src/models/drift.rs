//! How far what a model sees has moved from what it was measured on: the population stability index.
//!
//! PSI = sum over bins of (seen - expected) * ln(seen / expected): zero where both agree, and as high whichever of the two is
//! the larger. Below [`STEADY`] nothing has moved; above [`MOVED`] the model is asked about something else than it learnt.

/// Up to here, rows of the same kind differ by chance.
pub const STEADY: f64 = 0.1;
/// From here on, somebody should look.
pub const MOVED: f64 = 0.25;
/// With fewer rows there is no figure: chance alone would move it.
pub const FEWEST: usize = 100;

/// A bin is never expected to be emptier: a share of nothing would make any row infinitely unlikely.
const FLOOR: f64 = 0.0001;
const BINS: usize = 10;

/// Of `values` in the ten bins between `deciles`, each of which expects a tenth. `None` for fewer than [`FEWEST`] values.
pub fn psi_by_deciles(deciles: &[f64; 9], values: &[f64]) -> Option<f64> {
    (values.len() >= FEWEST).then(|| {
        let counts = counts(deciles, values);
        counts.iter().map(|count| term(smoothed(*count, values.len(), BINS), 1.0 / BINS as f64)).sum()
    })
}

/// Of `values` in the tenths of their own reference, against those of another in the tenths of its: what both have in common
/// cancels out, however differently the two count. `None` where there are fewer than [`FEWEST`] of either.
pub fn psi_between(values: (&[f64; 9], &[f64]), others: (&[f64; 9], &[f64])) -> Option<f64> {
    let shares = |(deciles, values): (&[f64; 9], &[f64])| {
        let counts = (values.len() >= FEWEST).then(|| counts(deciles, values));
        counts.map(|counts| counts.map(|count| smoothed(count, values.len(), BINS)))
    };
    let (seen, expected) = (shares(values)?, shares(others)?);
    Some(seen.into_iter().zip(expected).map(|(seen, expected)| term(seen, expected)).sum())
}

/// Of `rows`, whose bit n says whether fact n holds, against how often each held: two bins a fact, and of the eight facts
/// the one that has moved most. `None` for fewer than [`FEWEST`] rows.
pub fn psi_by_rates(rates: &[f64; 8], rows: &[i16]) -> Option<f64> {
    let psi = |(fact, rate): (usize, &f64)| {
        let held = rows.iter().filter(|row| holds(**row, fact)).count();
        let (seen, expected) = (smoothed(held, rows.len(), 2), rate.clamp(FLOOR, 1.0 - FLOOR));
        term(seen, expected) + term(1.0 - seen, 1.0 - expected)
    };
    (rows.len() >= FEWEST).then(|| rates.iter().enumerate().map(psi).fold(0.0, f64::max))
}

/// The nine deciles of `values`, between two values by their distance. `None` for fewer than [`FEWEST`] values.
pub fn deciles(values: &[f64]) -> Option<[f64; 9]> {
    if values.len() < FEWEST {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    Some(std::array::from_fn(|tenth| {
        let (below, rest) = ((tenth + 1) * last / BINS, (tenth + 1) * last % BINS);
        let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
        low + (high - low) * rest as f64 / BINS as f64
    }))
}

/// How often each fact holds in `rows`. `None` for fewer than [`FEWEST`] rows.
pub fn rates(rows: &[i16]) -> Option<[f64; 8]> {
    let rate = |fact| rows.iter().filter(|row| holds(**row, fact)).count() as f64 / rows.len() as f64;
    (rows.len() >= FEWEST).then(|| std::array::from_fn(rate))
}

fn holds(row: i16, fact: usize) -> bool {
    row >> fact & 1 == 1
}

/// How many of `values` are in each bin. Those that equal a decile may lie on either side of it, and of several deciles that
/// are equal, anywhere between: they fill up those bins, the lowest first, and the rest is above. So counts, of which many are
/// equal, have moved only where no distribution of them over the bins is the expected one.
fn counts(deciles: &[f64; 9], values: &[f64]) -> [usize; BINS] {
    let (mut counts, mut equal) = ([0; BINS], [0; BINS]);
    for value in values {
        let bin = deciles.partition_point(|decile| decile < value);
        let is_equal = deciles.get(bin).is_some_and(|decile| decile == value);
        *(if is_equal { &mut equal[bin] } else { &mut counts[bin] }) += 1;
    }
    let full = values.len().div_ceil(BINS);
    for first in 0..deciles.len() {
        let mut left = equal[first];
        let above = deciles.partition_point(|decile| *decile <= deciles[first]);
        for count in &mut counts[first..above] {
            let fits = full.saturating_sub(*count).min(left);
            *count += fits;
            left -= fits;
        }
        counts[above] += left;
    }
    counts
}

/// The share of `count` in `of`, as if each of the `bins` had half a row more: none is empty by chance.
fn smoothed(count: usize, of: usize, bins: usize) -> f64 {
    (count as f64 + 0.5) / (of as f64 + bins as f64 / 2.0)
}

fn term(seen: f64, expected: f64) -> f64 {
    (seen - expected) * (seen / expected).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 to 999, and what its deciles are.
    fn thousand() -> (Vec<f64>, [f64; 9]) {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let deciles = deciles(&values).expect("enough values");
        (values, deciles)
    }

    #[test]
    fn deciles_lie_between_values() {
        let (_, deciles) = thousand();
        let expected = [99.9, 199.8, 299.7, 399.6, 499.5, 599.4, 699.3, 799.2, 899.1];
        for (found, expected) in deciles.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{deciles:?}");
        }
    }

    #[test]
    fn the_same_values_have_not_moved_and_others_have() {
        let (values, deciles) = thousand();
        assert!(psi_by_deciles(&deciles, &values).expect("enough") < 1e-9);
        let nearby: Vec<f64> = values.iter().map(|value| value + 30.0).collect();
        let far: Vec<f64> = values.iter().map(|value| value + 400.0).collect();
        let (nearby, far) = (psi_by_deciles(&deciles, &nearby), psi_by_deciles(&deciles, &far));
        assert!(nearby.expect("enough") < STEADY && far.expect("enough") > MOVED, "{nearby:?}, {far:?}");
    }

    #[test]
    fn the_figure_is_the_textbook_one() {
        // Half of all below the first decile, the others as expected among themselves: 500 and nine times 500 / 9.
        let deciles = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let low = std::iter::repeat_n(0.5, 50_000);
        let values: Vec<f64> = low.chain((0..50_000).map(|row| 1.5 + f64::from(row % 9))).collect();
        let expected = 0.4 * 5_f64.ln() + 9.0 * (0.5 / 9.0 - 0.1) * (0.5 / 9.0 / 0.1_f64).ln();
        let found = psi_by_deciles(&deciles, &values).expect("enough");
        assert!((found - expected).abs() < 1e-3, "{found} instead of {expected}");
    }

    #[test]
    fn equal_values_lie_on_both_sides_of_a_decile() {
        // Most updates have one chunk, and some are cut off at the same number.
        let chunks = |one: usize, few: usize, most: usize| -> Vec<f64> {
            [(1.0, one), (2.0, few), (64.0, most)].into_iter().flat_map(|(v, n)| std::iter::repeat_n(v, n)).collect()
        };
        let measured = chunks(440, 390, 170);
        let deciles = deciles(&measured).expect("enough");
        assert!(psi_by_deciles(&deciles, &measured).expect("enough") < 1e-3);
        let alike = psi_by_deciles(&deciles, &chunks(46, 38, 16)).expect("enough");
        let larger = psi_by_deciles(&deciles, &chunks(10, 20, 70)).expect("enough");
        assert!(alike < STEADY && larger > MOVED, "{alike}, {larger}");
    }

    #[test]
    fn models_are_compared_in_their_own_tenths() {
        let (values, deciles) = thousand();
        let scaled = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value * 3.0 - 7.0).collect() };
        let other = super::deciles(&scaled(&values)).expect("enough");
        let far: Vec<f64> = values.iter().map(|value| value + 400.0).collect();
        let between = |values: &[f64], others: &[f64]| psi_between((&deciles, values), (&other, others));
        // Both have moved alike, or one alone.
        assert!(between(&far, &scaled(&far)).expect("enough") < 1e-9);
        assert!(between(&far, &scaled(&values)).expect("enough") > MOVED);
        assert_eq!((between(&far[..99], &far), between(&far, &far[..99])), (None, None));
    }

    #[test]
    fn the_fact_that_moved_most_counts() {
        let rates = [0.0, 0.5, 0.01, 0.0, 0.0, 0.0, 0.0, 1.0];
        let rows = |bits: [i16; 2]| -> Vec<i16> { (0..200).map(|row| bits[row % 2]).collect() };
        let steady = psi_by_rates(&rates, &rows([0b1000_0000, 0b1000_0010])).expect("enough");
        let moved = psi_by_rates(&rates, &rows([0b1000_0000, 0b1000_0110])).expect("enough");
        assert!(steady < STEADY && moved > MOVED, "{steady}, {moved}");
        let found = super::rates(&rows([0b1000_0000, 0b1000_0110])).expect("enough");
        assert_eq!(found, [0.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn few_rows_give_no_figure() {
        let few = [0.0; FEWEST - 1];
        assert_eq!((psi_by_deciles(&[0.0; 9], &few), psi_by_rates(&[0.0; 8], &[0; FEWEST - 1])), (None, None));
        assert_eq!((deciles(&few), rates(&[0; FEWEST - 1])), (None, None));
    }
}
