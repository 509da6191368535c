//! Sentences that take back what the licence around them gives.
//!
//! Whoever adds "not for commercial use" to an MIT text changes a hundredth of its words, and comparison still
//! says MIT. The phrases here are searched by themselves.

use super::detection::{Match, Means};

/// Phrase in lower case with single blanks, and what it adds to the licence.
const RIDERS: [(&str, &str); 9] = [
    ("commons clause license condition", "LicenseRef-Commons-Clause"),
    ("without limiting other conditions in the license, the grant of rights", "LicenseRef-Commons-Clause"),
    ("shall be used for good, not evil", "JSON"),
    ("for non-commercial use only", "LicenseRef-Noncommercial"),
    ("for noncommercial use only", "LicenseRef-Noncommercial"),
    ("non-commercial purposes only", "LicenseRef-Noncommercial"),
    ("may not be used for commercial purposes", "LicenseRef-Noncommercial"),
    ("commercial use is prohibited", "LicenseRef-Noncommercial"),
    ("commercial use requires a", "LicenseRef-Noncommercial"),
];

/// The riders in `text`, the first place of each. A phrase that one of the `known` licences contains itself is
/// no rider.
pub(super) fn find(text: &str, known: &[Match]) -> Vec<Match> {
    let (flat, lines) = flatten(text);
    let mut found: Vec<Match> = Vec::new();
    for (phrase, id) in RIDERS {
        let Some(at) = flat.find(phrase).filter(|_| found.iter().all(|f| f.id != id)) else { continue };
        if known.iter().any(|licence| contains(&licence.id, phrase)) {
            continue;
        }
        let line =
            |at: usize| lines.partition_point(|(start, _)| *start <= at).checked_sub(1).map_or(1, |i| lines[i].1);
        let lines = (line(at), line(at + phrase.len() - 1));
        found.push(Match { id: id.to_owned(), confidence: 1.0, lines, means: Means::Rider });
    }
    found
}

fn contains(id: &str, phrase: &str) -> bool {
    spdx::license_id(id).is_some_and(|id| flatten(id.text()).0.contains(phrase))
}

/// The text in lower case with single blanks, and where each word that begins a line stands in it.
fn flatten(text: &str) -> (String, Vec<(usize, u32)>) {
    let (mut flat, mut lines) = (String::with_capacity(text.len()), Vec::new());
    for (number, line) in (1u32..).zip(text.lines()) {
        lines.push((flat.len(), number));
        for word in line.split(|c: char| c.is_whitespace() || matches!(c, '*' | '#' | '"' | '\u{201c}' | '\u{201d}')) {
            if !word.is_empty() {
                flat.extend(word.chars().flat_map(char::to_lowercase));
                flat.push(' ');
            }
        }
    }
    (flat, lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn riders_are_found_across_lines() {
        let found = find("MIT License\n\nThe Software shall be used for\n * Good, not Evil.\n", &[]);
        assert_eq!((found[0].id.as_str(), found[0].lines), ("JSON", (3, 4)));
        let found = find("\"Commons Clause\" License Condition v1.0\n", &[]);
        assert_eq!((found[0].id.as_str(), found[0].lines), ("LicenseRef-Commons-Clause", (1, 1)));
    }

    #[test]
    fn licences_without_rider_have_none() {
        for id in ["MIT", "Apache-2.0", "GPL-3.0-only", "BSD-3-Clause", "MPL-2.0", "CC-BY-4.0"] {
            assert!(find(spdx::license_id(id).unwrap().text(), &[]).is_empty(), "{id}");
        }
    }
}
