//! Written so that people do not see what it does.

use super::{Scan, language::Language, source::Source, token::Kind};
use crate::diff::facts::FindingType::Obfuscation;

/// `_0x1f3a` names from which an obfuscator is known.
const HEX_NAMES: usize = 10;
/// Escapes for characters that need none, one after another.
const NEEDLESS_ESCAPES: usize = 16;
/// Printable character codes, one after another.
const CODES: usize = 40;
const CODES_IN_CALL: usize = 10;
const DISTINCT_LETTERS: u32 = 6;
/// Spaces that push code out of sight.
const PUSHED_ASIDE: usize = 150;
/// A line of code this long among short ones.
const ENDLESS: usize = 4000;
const ENDLESS_WORDS: usize = 150;
/// Invisible characters one after another; emoji have one or two, and some scripts one between letters.
const INVISIBLE: usize = 8;

pub(super) fn look(source: &Source<'_>, scan: &mut Scan) {
    hex_names(source, scan);
    disguised_names(source, scan);
    needless_escapes(source, scan);
    character_codes(source, scan);
}

fn hex_names(source: &Source<'_>, scan: &mut Scan) {
    let is_hex_name =
        |w: &str| w.strip_prefix("_0x").is_some_and(|d| d.len() >= 3 && d.bytes().all(|b| b.is_ascii_hexdigit()));
    let mut found = source.words().filter(|(_, word)| is_hex_name(word));
    if let Some((first, _)) = found.next()
        && found.take(HEX_NAMES - 1).count() == HEX_NAMES - 1
    {
        source.report(scan, Obfuscation, first, "names made by an obfuscator");
    }
}

/// `\u0065val` and mathematical letters: the same name to the interpreter, another to the reader.
fn disguised_names(source: &Source<'_>, scan: &mut Scan) {
    if matches!(source.language, Language::Shell | Language::Rust) {
        return;
    }
    for (index, word) in source.words() {
        let is_styled = |c: char| matches!(c, '\u{1d400}'..='\u{1d7ff}' | '\u{ff21}'..='\u{ff5a}');
        let is_escaped = source.is(Language::JavaScript) && escapes_ascii(word);
        if is_escaped || source.is(Language::Python) && word.chars().filter(|c| is_styled(*c)).count() > 1 {
            source.report(scan, Obfuscation, index, "a name in disguise");
        }
    }
}

/// Whether an escape in a name stands for a letter that needs none.
fn escapes_ascii(word: &str) -> bool {
    let escapes = word.match_indices("\\u").map(|(at, _)| super::source::escape(&word[at + 1..]).0);
    escapes.flatten().any(|c| c.is_ascii())
}

/// Letters need no escape; a run of escaped letters hides a word.
fn needless_escapes(source: &Source<'_>, scan: &mut Scan) {
    if source.is(Language::Shell) {
        return;
    }
    for index in 0..source.tokens.len() {
        if source.kind(index) == Some(Kind::Text) && hides_letters(source.raw(index)) {
            source.report(scan, Obfuscation, index, "letters written as escapes");
        }
    }
}

fn hides_letters(raw: &str) -> bool {
    let (mut run, mut end) = (0, 0);
    let mut from = 0;
    while let Some(at) = raw.get(from..).and_then(|r| r.find('\\')).map(|n| from + n) {
        let after = &raw[at + 1..];
        let (c, length) = super::source::escape(after);
        let is_needless = after.starts_with(['x', 'u']) && c.is_some_and(|c| c.is_ascii_alphanumeric());
        run = match is_needless {
            true if at == end => run + 1,
            true => 1,
            false => 0,
        };
        if run >= NEEDLESS_ESCAPES {
            return true;
        }
        end = at + 1 + length;
        from = end;
    }
    false
}

/// `String.fromCharCode(104, 116, ...)` and arrays of printable codes.
fn character_codes(source: &Source<'_>, scan: &mut Scan) {
    let (mut run, mut first) = (0usize, 0usize);
    for index in 0..source.tokens.len() {
        match source.kind(index) {
            Some(Kind::Number) if is_printable_code(source.raw(index)) => {
                if run == 0 {
                    first = index;
                }
                run += 1;
            }
            Some(Kind::Sign) if source.is_sign(index, ',') => {}
            _ => {
                report_codes(source, scan, first, run);
                run = 0;
            }
        }
    }
    report_codes(source, scan, first, run);
}

fn report_codes(source: &Source<'_>, scan: &mut Scan, first: usize, run: usize) {
    let is_call = first >= 2 && matches!(source.raw(first - 2), "fromCharCode" | "fromCodePoint");
    if run >= CODES && has_letters(source, first, run) || is_call && run >= CODES_IN_CALL {
        source.report(scan, Obfuscation, first, "text written as character codes");
    }
}

fn is_printable_code(number: &str) -> bool {
    let value = match number.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    value.is_ok_and(|v| (32..127).contains(&v))
}

/// Text is made of many letters; tables of small numbers repeat a few.
fn has_letters(source: &Source<'_>, first: usize, run: usize) -> bool {
    let codes = (first..first + 2 * run).filter(|i| source.kind(*i) == Some(Kind::Number)).map(|i| source.raw(i));
    let letters: Vec<u32> = codes.filter_map(|n| n.parse().ok()).filter(|v| (97..123).contains(v)).collect();
    let distinct = letters.iter().fold(0u32, |seen, code| seen | 1 << (code - 97)).count_ones();
    letters.len() * 10 >= run * 6 && distinct >= DISTINCT_LETTERS
}

/// What is hidden by the way lines are set.
pub(super) fn look_at_lines(path: &str, source: &Source<'_>, scan: &mut Scan) {
    let mut words = source.words().map(|(index, _)| index).peekable();
    let lines = source.text.lines().count();
    let is_minified = path.contains(".min.") || source.text.len() / (lines + 1) > 200;
    for (line, number) in source.text.lines().zip(1u32..) {
        let first = words.peek().copied();
        let mut count = 0usize;
        while words.next_if(|index| source.tokens[*index].line == number).is_some() {
            count += 1;
        }
        let Some(first) = first.filter(|_| count > 0 || line.len() > PUSHED_ASIDE) else { continue };
        if count > 0 && is_pushed_aside(line) {
            source.report(scan, Obfuscation, first, "code pushed out of sight by spaces");
        }
        if count >= ENDLESS_WORDS && line.len() >= ENDLESS && !is_minified {
            source.report(scan, Obfuscation, first, &format!("a line of {} characters among short ones", line.len()));
        }
        if line.is_ascii() {
            continue;
        }
        if has_invisible_run(line) {
            source.report(scan, Obfuscation, first, "invisible characters");
        }
        if turns_direction(line) {
            source.report(scan, Obfuscation, first, "characters that change the direction of reading");
        }
    }
}

/// Code before and behind a long stretch of spaces.
fn is_pushed_aside(line: &str) -> bool {
    let mut run = 0usize;
    let mut seen = false;
    for byte in line.bytes() {
        match byte {
            b' ' | b'\t' => run += 1,
            _ if run >= PUSHED_ASIDE && seen => {
                return byte.is_ascii_alphanumeric() || matches!(byte, b'(' | b';' | b'_' | b'$');
            }
            _ => {
                seen = true;
                run = 0;
            }
        }
    }
    false
}

fn has_invisible_run(line: &str) -> bool {
    let mut run = 0;
    line.chars().any(|c| {
        run = if is_invisible(c) { run + 1 } else { 0 };
        run >= INVISIBLE
    })
}

/// Trojan Source (CVE-2021-42574). Beside a hyphen such a character is the end of a range in an expression.
fn turns_direction(line: &str) -> bool {
    let mut before = ' ';
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns && before != '-' && characters.peek() != Some(&'-') {
            return true;
        }
        before = c;
    }
    false
}

/// Variation selectors and zero-width characters, in which data can be written (private use areas are icons).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e01ef}')
}
