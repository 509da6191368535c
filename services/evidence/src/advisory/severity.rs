//! How bad an advisory is: the base score of its CVSS vectors, or the database's own word.
//!
//! Several vectors may rate one flaw (v3.1 beside v4.0). A gate takes the highest: the publisher who rates
//! twice must not be able to lower the bar with the milder rating.

use cvss::Cvss;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The qualitative scale (CVSS v3.1 section 5, v4.0 section 6; v2 as NVD maps it), mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nobody rated it, or no rating can be read. Says nothing about harmlessness.
    Unknown,
    /// Includes a score of 0.0.
    Low,
    Medium,
    High,
    Critical,
}

/// A severity and the base score it stems from, where there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    pub severity: Severity,
    /// 0.0 to 10.0, one decimal.
    pub cvss: Option<f64>,
}

/// The highest base score among `vectors`; without a readable vector the database's `word`.
pub fn rate(vectors: &[String], word: Option<&str>) -> Rating {
    let best = vectors
        .iter()
        .filter_map(|v| score(v))
        .max_by(|a, b| (a.1, a.0).partial_cmp(&(b.1, b.0)).unwrap_or(std::cmp::Ordering::Equal));
    match best {
        Some((score, severity)) => Rating { severity, cvss: Some(score) },
        None => Rating { severity: word.map_or(Severity::Unknown, of_word), cvss: None },
    }
}

/// Base score and severity of a CVSS v2, v3.0, v3.1 or v4.0 vector; `None` when it is incomplete or unreadable.
pub fn score(vector: &str) -> Option<(f64, Severity)> {
    let vector = vector.trim().trim_start_matches('(').trim_end_matches(')');
    let parsed: Cvss = vector.parse().ok()?;
    if !is_complete(&parsed) {
        return None;
    }
    let severity = match parsed.severity() {
        cvss::Severity::None | cvss::Severity::Low => Severity::Low,
        cvss::Severity::Medium => Severity::Medium,
        cvss::Severity::High => Severity::High,
        cvss::Severity::Critical => Severity::Critical,
    };
    // One decimal: 9.8 and not 9.799999.
    Some(((parsed.score() * 10.0).round() / 10.0, severity))
}

/// The parser accepts a v3 vector without its mandatory metrics and scores what is missing as harmless; the
/// specification (v3.1 section 6) calls such a vector invalid. v2 and v4 are checked by the parser.
fn is_complete(parsed: &Cvss) -> bool {
    match parsed {
        Cvss::CvssV30(v) | Cvss::CvssV31(v) => {
            v.av.is_some()
                && v.ac.is_some()
                && v.pr.is_some()
                && v.ui.is_some()
                && v.s.is_some()
                && v.c.is_some()
                && v.i.is_some()
                && v.a.is_some()
        }
        _ => true,
    }
}

fn of_word(word: &str) -> Severity {
    match word.to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" | "important" => Severity::High,
        "medium" | "moderate" => Severity::Medium,
        "low" | "none" => Severity::Low,
        _ => Severity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Vectors and scores from the examples documents of the specifications (v2 guide section 3.3; v3.0, v3.1
    /// and v4.0 examples).
    const PUBLISHED: [(&str, f64, Severity); 20] = [
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8, Severity::High),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0, Severity::High),
        ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2, Severity::Medium),
        ("(AV:N/AC:L/Au:N/C:P/I:P/A:P)", 7.5, Severity::High),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, Severity::Medium),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, Severity::Medium),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, Severity::Medium),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, Severity::Low),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9, Severity::Critical),
        ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2, Severity::Medium),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8, Severity::High),
        ("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8, Severity::High),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, Severity::High),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, Severity::Critical),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 6.8, Severity::Medium),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, Severity::Low),
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3, Severity::High),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0, Severity::Critical),
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7, Severity::High),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 8.8, Severity::High),
    ];

    #[test]
    fn published_vectors_have_their_published_scores() {
        for (vector, expected, severity) in PUBLISHED {
            assert_eq!(score(vector), Some((expected, severity)), "{vector}");
        }
    }

    #[test]
    fn incomplete_and_foreign_vectors_have_no_score() {
        for bad in [
            "",
            "HIGH",
            "7.5",
            "CVSS:3.1/AV:N",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/A:N",
            "CVSS:4.0/AV:N/AC:L",
            "CVSS:5.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "AV:N/AC:L/Au:N",
        ] {
            assert_eq!(score(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_highest_score_wins_and_a_word_counts_only_without_scores() {
        let both = ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned(), PUBLISHED[18].0.to_owned()];
        assert_eq!(rate(&both, Some("LOW")), Rating { severity: Severity::Critical, cvss: Some(9.8) });
        assert_eq!(rate(&[], Some("MODERATE")), Rating { severity: Severity::Medium, cvss: None });
        assert_eq!(rate(&["broken".into()], Some("HIGH")), Rating { severity: Severity::High, cvss: None });
        assert_eq!(rate(&[], None), Rating { severity: Severity::Unknown, cvss: None });
        assert_eq!(rate(&[], Some("spicy")), Rating { severity: Severity::Unknown, cvss: None });
    }

    proptest! {
        #[test]
        fn any_text_is_scored_or_refused(text in "(CVSS:[234]\\.[01]/)?([A-Z]{1,3}:[A-Z]{1,2}/?){0,14}", other: String) {
            let _ = (score(&text), score(&other));
        }
    }
}
