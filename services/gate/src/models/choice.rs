//! For which repositories the canary decides.
//!
//! SHA-256 of `REPOSITORY YEAR-WEEK DIGEST`, its first eight bytes as a number, modulo 100: below the share, the canary. So a
//! repository keeps its model for a week (ISO 8601, UTC) whichever server asks, a larger share only adds repositories, no
//! repository is the one that always gets what is new, and nobody who opens a pull request chooses.

use chrono::{DateTime, Datelike, Utc};
use lockgate_model::Digest;

/// Whether the canary `digest`, which takes `share` percent, decides for a repository at a time.
pub fn takes(repository: i64, at: DateTime<Utc>, digest: &str, share: u8) -> bool {
    let week = at.iso_week();
    let text = format!("{repository} {}-W{:02} {digest}", week.year(), week.week());
    let hash = Digest::sha256(text.as_bytes());
    let number = u64::from_str_radix(&hash.hex()[..16], 16).expect("a digest is hex digits");
    number % 100 < u64::from(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const REPOSITORIES: i64 = 20_000;

    fn monday() -> DateTime<Utc> {
        "2026-11-23T00:00:00Z".parse().expect("a time")
    }

    fn taken(at: DateTime<Utc>, digest: &str, share: u8) -> BTreeSet<i64> {
        (0..REPOSITORIES).filter(|repository| takes(*repository, at, digest, share)).collect()
    }

    #[test]
    fn the_share_is_kept_and_a_larger_one_only_adds() {
        let mut before = BTreeSet::new();
        for share in [0, 1, 10, 50, 99, 100] {
            let now = taken(monday(), "a", share);
            let expected = i64::from(share) * REPOSITORIES / 100;
            // Five standard deviations of the half.
            assert!((now.len() as i64 - expected).abs() < 360, "{share}: {} instead of {expected}", now.len());
            assert!(now.is_superset(&before));
            before = now;
        }
        assert_eq!(before.len() as i64, REPOSITORIES);
    }

    #[test]
    fn a_week_is_kept_and_the_next_one_is_another_draw() {
        let sunday = monday() + chrono::TimeDelta::days(7) - chrono::TimeDelta::seconds(1);
        let first = taken(monday(), "a", 20);
        assert_eq!(first, taken(sunday, "a", 20));
        for other in [taken(monday() + chrono::TimeDelta::days(7), "a", 20), taken(monday(), "b", 20)] {
            // Of independent draws of a fifth, a twenty-fifth is in both.
            let both = first.intersection(&other).count();
            assert!((600..1000).contains(&both), "{both}");
        }
    }

    #[test]
    fn the_draw_is_the_documented_one() {
        // `printf '42 2026-W53 00ff' | sha256sum` begins with 16 digits that are this number.
        let at = "2027-01-02T12:00:00Z".parse().expect("a time");
        let drawn = (1..=100).find(|share| takes(42, at, "00ff", *share)).map(|share| share - 1);
        assert_eq!(drawn, Some(57));
    }
}
