//! The search for licences in a text: by parts where it has several, by elimination in what is left.

use super::{
    catalogue::{Best, Catalogue},
    detection::{Match, Means},
    identifiers, parse,
};
use spdx::detection::{LicenseType, TextData};
use std::{collections::HashMap, ops::Range};

/// A match below this is none. Measured: see the `license_rows` example.
const CONFIDENCE: f32 = 0.9;
/// Above this nothing else fits into the text, so its bounds are not searched.
const WHOLE: f32 = 0.995;
/// From here on the text is taken for one licence, with little around it.
const ONE: f32 = 0.97;
/// Fewer words than this hold no licence text; the shortest in use has about 20.
const WORDS: usize = 16;
/// Comparisons of parts, and licences cut out of one text. Each costs some ten milliseconds.
const MAX_PARTS: usize = 96;
const MAX_CUTS: usize = 24;
/// Bytes up to which bounds are searched for; longer texts are compared part by part (GPL-3.0 has 35 KiB).
const ELIMINATION: usize = 48 * 1024;

/// One search through one text.
pub(super) struct Search {
    catalogue: &'static Catalogue,
    /// Parts that repeat, as the same MIT text does in a list of notices, are compared once.
    known: HashMap<String, Option<Match>>,
    pub(super) found: Vec<Match>,
    /// A bound was met before the end.
    pub(super) gave_up: bool,
}

impl Default for Search {
    fn default() -> Self {
        Self { catalogue: Catalogue::shared(), known: HashMap::new(), found: Vec::new(), gave_up: false }
    }
}

impl Search {
    /// `lines`: cleaned, of a text of `size` bytes; `parts`: its parts by line.
    pub(super) fn run(&mut self, lines: &[String], parts: &[Range<usize>], size: usize) {
        let whole = data(lines);
        if words(&whole) < WORDS {
            return;
        }
        let first = (size <= ELIMINATION).then(|| self.catalogue.best(&whole));
        let is_one = first.as_ref().is_some_and(|best| best.score >= ONE);
        // Parts first where the whole is no one licence: cutting the best match out of many may tear a neighbour apart.
        let rest = if is_one || parts.len() == 1 && first.is_some() { None } else { self.parts(lines, parts) };
        match (rest, first) {
            (_, None) => {}
            (Some(rest), Some(_)) => self.eliminate(data(&rest), None),
            (None, first) => self.eliminate(whole, first),
        }
    }

    /// Compares each part; the lines without those recognised, or `None` when none is.
    fn parts(&mut self, lines: &[String], parts: &[Range<usize>]) -> Option<Vec<String>> {
        let mut rest = lines.to_vec();
        for part in parts {
            if let Some(found) = self.part(part, lines) {
                self.found.push(found);
                rest[part.clone()].fill(String::new());
            }
        }
        (!self.found.is_empty()).then_some(rest)
    }

    fn part(&mut self, part: &Range<usize>, lines: &[String]) -> Option<Match> {
        let content = lines[part.clone()].iter().flat_map(|l| l.split_whitespace()).collect::<Vec<_>>();
        if content.len() < WORDS {
            return None;
        }
        let key = content.join(" ");
        if !self.known.contains_key(&key) {
            if self.known.len() >= MAX_PARTS {
                self.gave_up = true;
                return None;
            }
            let text = data(&lines[part.clone()]);
            let best = self.catalogue.best(&text);
            self.known.insert(key.clone(), (best.score >= CONFIDENCE).then(|| matched(&best, best.score, &text)));
        }
        let known = self.known.get(&key)?.clone()?;
        let is_text = |index: &usize| !lines[*index].trim().is_empty();
        let (start, end) = (part.clone().find(is_text)?, part.clone().rfind(is_text)?);
        Some(Match { lines: (number(start + 1), number(end + 1)), ..known })
    }

    /// Takes the best match out of the text and looks at what is left. `first`: the best match, if known.
    fn eliminate(&mut self, mut text: TextData, mut first: Option<Best<'static>>) {
        for _ in 0..MAX_CUTS {
            if words(&text) < WORDS {
                return;
            }
            let best = first.take().unwrap_or_else(|| self.catalogue.best(&text));
            let (bounded, score) = bounds(&text, &best);
            if score < CONFIDENCE {
                return;
            }
            self.found.push(matched(&best, score, &bounded));
            text = bounded.white_out();
        }
        self.gave_up = true;
    }
}

/// The leading blank line keeps a first line with a copyright notice; see the catalogue. It makes the crate's line
/// numbers, which begin at 0, those of the text, which begin at 1.
fn data(lines: &[String]) -> TextData {
    TextData::new(&format!("\n{}", lines.join("\n")))
}

/// The lines that match best. The search climbs from end to end and may stop on a lesser hill; then the whole
/// text stands.
fn bounds(text: &TextData, best: &Best<'_>) -> (TextData, f32) {
    if best.score < WHOLE {
        let (bounded, score) = text.optimize_bounds(best.text);
        if score > best.score {
            return (bounded, score);
        }
    }
    (text.clone(), best.score)
}

fn words(text: &TextData) -> usize {
    text.lines().iter().map(|line| line.split_whitespace().count()).sum()
}

/// The view without blank lines at its ends: first and last line, in the crate's numbers.
fn trim(text: &TextData) -> (usize, usize) {
    let (start, _) = text.lines_view();
    let is_text = |line: &String| !line.trim().is_empty();
    let first = text.lines().iter().position(is_text).unwrap_or(0);
    let last = text.lines().iter().rposition(is_text).unwrap_or(0);
    (start + first, start + last)
}

fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

fn matched(best: &Best<'_>, score: f32, text: &TextData) -> Match {
    let (first, last) = trim(text);
    let means = match best.kind {
        LicenseType::Header => Means::Notice,
        _ if identifiers::exception(best.name).is_some() => Means::Exception,
        _ => Means::Text,
    };
    Match {
        id: id(best, text),
        confidence: (f64::from(score) * 1000.0).floor() / 1000.0,
        lines: (number(first), number(last)),
        means,
    }
}

/// The GNU licences have one text for `-only` and `-or-later`. The text alone grants its own version; only a
/// notice can say "any later version".
fn id(best: &Best<'_>, text: &TextData) -> String {
    let base = best.name.trim_end_matches("-or-later").trim_end_matches("-only").trim_end_matches('+');
    let base = base.trim_end_matches("-invariants");
    let or_later = best.kind == LicenseType::Header && text.lines().join(" ").to_lowercase().contains("later version");
    let suffixed = format!("{base}-{}", if or_later { "or-later" } else { "only" });
    match spdx::license_id(&suffixed) {
        Some(_) => suffixed,
        // A withdrawn id is written as today's, unless that takes an exception to say.
        None => match parse::spell(best.name) {
            Some((today, _)) if !today.contains(' ') => today,
            _ => best.name.to_owned(),
        },
    }
}
