//! Licences that a short text names without quoting: "MIT OR Apache-2.0", "see LICENSE-MIT", a README's section.
//!
//! A name is no text: it supports or contradicts a declaration, but obliges no one to believe it.

use super::{
    detection::{Match, Means},
    names, parse,
};

/// Longer texts are no pointers; names in them mean little.
const MAX_WORDS: usize = 160;
/// Words of the longest name looked for ("GNU Lesser General Public License v2.1 or later" has eight).
const LONGEST: usize = 8;
/// Lines of a README's section that are read.
const SECTION: usize = 12;
const CONFIDENCE: f64 = 0.5;

/// The licences named in a short text, each where it is named first.
pub(super) fn find(text: &str) -> Vec<Match> {
    named(text.lines(), 1, Means::Mention)
}

/// The licences named in a README's licence section.
pub(super) fn in_readme(text: &str) -> Vec<Match> {
    let is_heading = |line: &str| {
        let heading = line.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        ["license", "licence", "licensing", "license information"].contains(&heading.as_str())
    };
    let Some(heading) = text.lines().position(is_heading) else { return Vec::new() };
    let section = text.lines().skip(heading + 1).take(SECTION);
    let ends = |line: &&str| !line.starts_with('#');
    named(section.take_while(ends), heading + 2, Means::Readme)
}

/// `first`: the number of the first of `lines`.
fn named<'a>(lines: impl Iterator<Item = &'a str>, first: usize, means: Means) -> Vec<Match> {
    let words: Vec<(usize, &str)> = lines
        .enumerate()
        .flat_map(|(index, line)| line.split(is_break).filter(|w| !w.is_empty()).map(move |w| (first + index, w)))
        .take(MAX_WORDS + 1)
        .collect();
    let (mut found, mut at): (Vec<Match>, usize) = (Vec::new(), 0);
    while at < words.len() && words.len() <= MAX_WORDS {
        let longest = LONGEST.min(words.len() - at);
        let hit = (1..=longest).rev().find_map(|length| Some((length, id(&words[at..at + length])?)));
        let (length, id) = hit.map_or((1, None), |(length, id)| (length, Some(id)));
        if let Some(id) = id.filter(|id| found.iter().all(|f| f.id != *id)) {
            let line = |index: usize| u32::try_from(words[index].0).unwrap_or(u32::MAX);
            found.push(Match { id, confidence: CONFIDENCE, lines: (line(at), line(at + length - 1)), means });
        }
        at += length;
    }
    found
}

fn is_break(c: char) -> bool {
    c.is_whitespace() || matches!(c, '/' | '[' | ']' | '(' | ')' | '<' | '>' | '`' | '"' | '*' | ';')
}

/// The one listed licence that the words name as a whole.
fn id(words: &[(usize, &str)]) -> Option<String> {
    let name = words.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(" ");
    let name = name.trim_matches(|c: char| matches!(c, '.' | ',' | ':' | '\''));
    // Lower-case ids are everyday words in running text ("curl", "zlib", "mit").
    let listed = parse::spell(name).filter(|_| name.chars().any(char::is_uppercase)).map(|(id, _)| id);
    let is_name = words.len() > 1 || name.chars().any(char::is_uppercase);
    let id = listed.or_else(|| names::license(name).filter(|_| is_name).map(str::to_owned))?;
    (!id.starts_with("LicenseRef-")).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(matches: Vec<Match>) -> Vec<String> {
        matches.into_iter().map(|m| m.id).collect()
    }

    #[test]
    fn pointers_name_their_licences() {
        assert_eq!(ids(find("MIT OR Apache-2.0")), ["MIT", "Apache-2.0"]);
        assert_eq!(ids(find("../LICENSE-MIT")), ["MIT"]);
        let text = "Licensed under the Apache License, Version 2.0 <LICENSE-APACHE or\nhttps://example.test> or the MIT license\n";
        assert_eq!(ids(find(text)), ["Apache-2.0", "MIT"]);
        assert_eq!(find(text)[1].lines, (2, 2));
    }

    #[test]
    fn running_text_names_none() {
        assert!(find("This library talks to curl and zlib, mit Liebe gemacht. See the docs.").is_empty());
        assert!(find(&"MIT is a university. ".repeat(60)).is_empty());
        assert!(find("").is_empty());
    }

    #[test]
    fn only_the_licence_section_of_a_readme_counts() {
        let readme = "# Adder\nFaster than the GPL-3.0 one.\n\n## License\n\nMIT \u{a9} [Jane Roe](https://example.test)\n\n## More\nISC\n";
        assert_eq!(ids(in_readme(readme)), ["MIT"]);
        assert!(in_readme("# Adder\nMIT\n").is_empty());
    }
}
