//! Licences in a text: which, where, how surely.
//!
//! The whole text is compared first; what matched is cut out and the rest compared again, until nothing known
//! remains. A second licence, or a sentence that takes a freedom back, often hides behind a long first one:
//! a text of 5,000 words stays 98% alike with 100 words of another licence appended.

use super::{clean, search::Search};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes of one text that are read.
pub const MAX_BYTES: usize = 256 * 1024;

/// How a licence was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// The licence's own text.
    Text,
    /// The notice by which a licence asks to be named ("Licensed under the Apache License, Version 2.0 ...").
    Notice,
    /// The text of an exception; the id is the exception's.
    Exception,
    /// `SPDX-License-Identifier:`.
    Identifier,
    /// A sentence that restricts the licence around it.
    Rider,
    /// A short licence file that names the licence without its text.
    Mention,
    /// The licence section of a README, which names the licence.
    Readme,
}

/// One licence in one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    /// An SPDX id; an expression for `Means::Identifier`.
    pub id: String,
    /// 0 to 1: alike in that share of word pairs.
    pub confidence: f64,
    /// First and last line, 1-based.
    pub lines: (u32, u32),
    pub means: Means,
}

/// Whether all of a text was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    Whole,
    /// It is longer than [`MAX_BYTES`], or has more licences than are searched.
    Partial,
}

/// What a text holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// By line; empty when nothing is recognised.
    pub matches: Vec<Match>,
    pub coverage: Coverage,
    /// Words on lines that no match covers, copyright notices and titles left out.
    pub unexplained_words: u32,
}

/// The licences in a text.
pub fn detect(text: &str) -> Detection {
    let bounded = clean::bounded(text, MAX_BYTES);
    let lines = clean::lines(bounded);
    let mut search = Search::default();
    search.run(&lines, &clean::parts(bounded), bounded.len());
    let is_whole = bounded.len() == text.len() && !search.gave_up;
    let mut matches = without_own_notices(search.found);
    let unexplained_words = unexplained(&lines, &matches);
    matches.extend(super::riders::find(bounded, &matches));
    matches.sort_by(|a, b| (a.lines, &a.id).cmp(&(b.lines, &b.id)));
    let coverage = if is_whole { Coverage::Whole } else { Coverage::Partial };
    Detection { matches, coverage, unexplained_words }
}

/// A licence's text shows its own notice in an appendix; that one licenses nothing.
fn without_own_notices(found: Vec<Match>) -> Vec<Match> {
    let base = |id: &str| id.trim_end_matches("-only").trim_end_matches("-or-later").to_owned();
    let texts: Vec<String> = found.iter().filter(|m| m.means == Means::Text).map(|m| base(&m.id)).collect();
    found.into_iter().filter(|m| m.means != Means::Notice || !texts.contains(&base(&m.id))).collect()
}

fn unexplained(lines: &[String], matches: &[Match]) -> u32 {
    let is_covered = |number: u32| matches.iter().any(|m| (m.lines.0..=m.lines.1).contains(&number));
    let open = (1u32..).zip(lines).filter(|(number, _)| !is_covered(*number));
    let words = open.map(|(_, line)| line.split_whitespace().filter(|w| w.contains(char::is_alphanumeric)).count());
    u32::try_from(words.sum::<usize>()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_of(id: &str) -> &'static str {
        spdx::license_id(id).unwrap().text()
    }

    fn ids(text: &str) -> Vec<(String, (u32, u32))> {
        detect(text).matches.into_iter().map(|m| (m.id, m.lines)).collect()
    }

    const MIT: &str = "MIT License\n\nCopyright (c) 2020 Jane Roe <jane@example.test>\n\n";

    #[test]
    fn a_text_is_found_with_its_lines() {
        let isc = text_of("ISC");
        let body = isc.find("Permission").unwrap();
        let found = detect(&format!("Copyright 2020 Jane Roe\n\n{}", &isc[body..])).matches;
        assert_eq!((found.len(), found[0].id.as_str(), found[0].lines.0), (1, "ISC", 3));
        assert!(found[0].confidence > 0.95, "{found:?}");
    }

    #[test]
    fn a_short_licence_behind_a_long_one_is_found() {
        let mit = text_of("MIT");
        let apache = text_of("Apache-2.0");
        let found = ids(&format!("{apache}\n\n----------------\n\n{MIT}{}", &mit[mit.find("Permission").unwrap()..]));
        assert_eq!(found.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["Apache-2.0", "MIT"], "{found:?}");
        assert!(found[0].1.1 < found[1].1.0);
    }

    #[test]
    fn many_licences_one_after_the_other_are_found() {
        let ids_in = ["ISC", "Zlib", "BSD-2-Clause", "MIT", "NCSA", "X11", "BSL-1.0"];
        let text: Vec<&str> = ids_in.iter().map(|id| text_of(id).trim()).collect();
        let found = ids(&text.join("\n\n"));
        assert_eq!(found.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ids_in, "{found:?}");
    }

    #[test]
    fn gnu_texts_grant_their_own_version() {
        assert_eq!(detect(text_of("GPL-2.0-only")).matches[0].id, "GPL-2.0-only");
        assert_eq!(detect(text_of("LGPL-2.1-or-later")).matches[0].id, "LGPL-2.1-only");
    }

    #[test]
    fn an_exception_behind_its_licence_is_named() {
        let llvm = spdx::exception_id("LLVM-exception").unwrap().text();
        let found = detect(&format!("{}\n\n{llvm}", text_of("Apache-2.0")));
        let ids: Vec<_> = found.matches.iter().map(|m| (m.id.as_str(), m.means)).collect();
        assert_eq!(ids, [("Apache-2.0", Means::Text), ("LLVM-exception", Means::Exception)]);
        assert!(found.unexplained_words < 16, "{found:?}");
    }

    #[test]
    fn words_beside_the_licence_are_counted() {
        let mit = format!("{MIT}{}", &text_of("MIT")[text_of("MIT").find("Permission").unwrap()..]);
        assert_eq!(detect(&mit).unexplained_words, 0);
        let more =
            format!("{mit}\n\n{}", "You owe Jane a cake on each day of the week, and two on Sundays. ".repeat(3));
        assert_eq!(detect(&more).unexplained_words, 45);
    }

    #[test]
    fn what_is_no_licence_is_not_one() {
        assert!(detect("").matches.is_empty());
        assert!(detect(&"This library adds numbers quickly and well. ".repeat(40)).matches.is_empty());
        assert!(detect(&"\u{0}\u{1}\u{fffd} (\n".repeat(4000)).matches.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_text_makes_it_panic(pieces in prop::collection::vec("\\PC{0,40}|\n\n|Copyright \\(c\\) a|-----\n|Permission is hereby granted", 0..30)) {
            let text = pieces.join("\n");
            for found in detect(&text).matches {
                prop_assert!(found.lines.0 >= 1 && found.lines.0 <= found.lines.1);
                prop_assert!(found.lines.1 as usize <= text.lines().count());
            }
        }
    }

    #[test]
    fn a_huge_text_is_cut() {
        let text = format!("{}{}", "x y z\n".repeat(MAX_BYTES / 4), text_of("MIT"));
        let found = detect(&text);
        assert_eq!((found.matches, found.coverage), (vec![], Coverage::Partial));
    }
}
