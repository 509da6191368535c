//! Texts before they are compared: bounded, and without the lines that differ in every copy.
//!
//! Holders, years and titles say nothing about the terms, yet they are a tenth of a short licence's words. Lines
//! are blanked, never removed, so that line numbers stay true.

use std::ops::Range;

/// The first `limit` bytes, cut between characters.
pub(super) fn bounded(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// The lines, those without terms blank.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().map(|line| if is_noise(line) { String::new() } else { line.to_owned() }).collect();
    blank_titles(&mut lines);
    lines
}

/// The parts of a text of several licences: between separators (rules of signs, form feeds, Markdown headings), and
/// from each line with which a licence commonly begins. `text` as it came, not cleaned.
pub(super) fn parts(text: &str) -> Vec<Range<usize>> {
    let (mut starts, mut was_blank) = (vec![0], true);
    let mut count = 0;
    for (index, line) in text.lines().enumerate() {
        count = index + 1;
        if is_separator(line) {
            starts.push(index + 1);
        } else if is_noise(line) && was_blank || is_beginning(line) {
            starts.push(index);
        }
        was_blank = line.trim().is_empty();
    }
    let ends = starts.iter().copied().skip(1).chain([count]).collect::<Vec<_>>();
    starts.into_iter().zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty()).collect()
}

fn is_separator(line: &str) -> bool {
    let line = line.trim();
    let is_rule = line.len() >= 3 && line.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | '#' | '~' | '/' | '`'));
    is_rule || line.starts_with("## ") || line.starts_with("# ") || line.contains('\u{c}')
}

/// Whether a licence commonly begins with this line.
fn is_beginning(line: &str) -> bool {
    const FIRST: [&str; 8] = [
        "permission is hereby granted",
        "permission to use, copy",
        "redistribution and use in source and binary",
        "this software is provided 'as-is'",
        "apache license",
        "gnu general public license",
        "gnu lesser general public license",
        "mozilla public license",
    ];
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    FIRST.iter().any(|first| line.get(..first.len()).is_some_and(|head| head.eq_ignore_ascii_case(first)))
}

/// A line that is a copyright notice and nothing else.
fn is_noise(line: &str) -> bool {
    let text = line.trim_matches(|c: char| !c.is_alphanumeric() && c != '(' && c != '\u{a9}').to_lowercase();
    let begins = ["copyright (c)", "copyright \u{a9}", "(c) ", "\u{a9}", "copyright:", "all rights reserved"];
    let is_dated = text.strip_prefix("copyright ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_notice = is_dated || text == "copyright" || begins.iter().any(|b| text.starts_with(b));
    // A notice that goes on with terms on the same line keeps them.
    is_notice && text.len() <= 160 && !text.contains("permission") && !text.contains("redistribution")
}

/// Titles within the first lines: short, ending in "license" or so.
fn blank_titles(lines: &mut [String]) {
    for line in lines.iter_mut().filter(|l| !l.trim().is_empty()).take(2) {
        let text = line.trim_matches(|c: char| !c.is_alphanumeric() && c != ')').to_lowercase();
        let is_title = ["license", "licence", "license (mit)", "license (isc)"].iter().any(|end| text.ends_with(end));
        if is_title && text.split_whitespace().count() <= 6 {
            line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_go_and_terms_stay() {
        for line in ["Copyright (c) 2020 A", "  (c) B", "\u{a9} C", "# Copyright 1999-2020, D", "All rights reserved."]
        {
            assert!(is_noise(line), "{line}");
        }
        for line in [
            "copyright notice and this permission notice appear in all copies.",
            "Copyright (c) 2020 A. Permission to use is granted.",
            "Redistribution and use in source and binary forms",
            "",
        ] {
            assert!(!is_noise(line), "{line}");
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(bounded("a\u{e9}b", 2), "a");
        assert_eq!(bounded("ab", 9), "ab");
        assert_eq!(bounded("", 0), "");
    }

    #[test]
    fn separators_and_first_lines_cut_parts() {
        assert_eq!(parts("a\n-----\nb\nc\n====="), [0..2, 2..5]);
        assert_eq!(parts("a\nb").len(), 1);
        assert_eq!(parts("a\n\nCopyright (c) B\n\nPermission is hereby granted\nc"), [0..2, 2..4, 4..6]);
        assert!(parts("").is_empty());
    }
}
