//! Source as the detectors see it: tokens, and a few questions about them.

use super::{
    Scan, Sighting,
    language::Language,
    lexer,
    token::{Kind, Token},
};
use crate::diff::facts::FindingType;
use std::borrow::Cow;

/// Tokens of a statement that tell one finding from another.
const KEY_TOKENS: usize = 12;
const KEY_BYTES: usize = 96;
/// Lines longer than this are generated: the statement changes with every build, the word found does not.
const LONG_LINE: usize = 500;
const NOTE_CHARS: usize = 160;
/// Longest text that is decoded to look for words in it.
const DECODED: usize = 512;
/// Most texts that are joined to one.
const JOINED: usize = 1000;

pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) language: Language,
    pub(super) tokens: Vec<Token>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str, language: Language) -> Self {
        Self { text, language, tokens: lexer::tokens(text, language) }
    }

    pub(super) fn is(&self, language: Language) -> bool {
        self.language == language
    }

    /// The token at `index` as it is written; empty beyond the end.
    pub(super) fn raw(&self, index: usize) -> &'a str {
        self.tokens.get(index).and_then(|t| self.text.get(t.start as usize..t.end as usize)).unwrap_or_default()
    }

    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|t| t.kind)
    }

    /// Every word with its index.
    pub(super) fn words(&self) -> impl Iterator<Item = (usize, &'a str)> {
        (0..self.tokens.len()).filter(|i| self.tokens[*i].kind == Kind::Word).map(|i| (i, self.raw(i)))
    }

    /// Every text with the index of its first literal: literals that are added to each other are one text.
    pub(super) fn texts(&self) -> impl Iterator<Item = (usize, Cow<'a, str>)> {
        let mut index = 0;
        std::iter::from_fn(move || {
            while self.kind(index)? != Kind::Text {
                index += 1;
            }
            let (first, (value, next)) = (index, self.joined(index));
            index = next;
            Some((first, value))
        })
    }

    /// The value of the text at `index`: `"chi" + "ld"` is `child`, `"\x61"` is `a`.
    pub(super) fn value(&self, index: usize) -> Cow<'a, str> {
        self.joined(index).0
    }

    /// A text and the index behind its last literal.
    fn joined(&self, index: usize) -> (Cow<'a, str>, usize) {
        let mut value = unescape(self.raw(index));
        let mut next = index + 1;
        let limit = next + 2 * JOINED;
        while value.len() < DECODED
            && next < limit
            && self.is_sign(next, '+')
            && self.kind(next + 1) == Some(Kind::Text)
        {
            value.to_mut().push_str(&unescape(self.raw(next + 1)));
            next += 2;
        }
        (value, next)
    }

    pub(super) fn is_sign(&self, index: usize, sign: char) -> bool {
        self.kind(index) == Some(Kind::Sign) && self.raw(index).starts_with(sign)
    }

    /// Whether the word at `index` is called.
    pub(super) fn is_called(&self, index: usize) -> bool {
        self.is_sign(index + 1, '(')
            // `f?.()`
            || (self.is_sign(index + 1, '?') && self.is_sign(index + 2, '.') && self.is_sign(index + 3, '('))
    }

    /// Whether the word at `index` is a member of something: `x.word`, `x::word`.
    pub(super) fn is_member(&self, index: usize) -> bool {
        index > 0 && (self.is_sign(index - 1, '.') || self.is_sign(index - 1, ':') && self.is_path(index - 1))
    }

    fn is_path(&self, colon: usize) -> bool {
        colon > 0 && self.is_sign(colon - 1, ':')
    }

    /// The name of which the word at `index` is a member.
    pub(super) fn owner(&self, index: usize) -> Option<&'a str> {
        let owner = match index.checked_sub(1)? {
            at if self.is_sign(at, '.') => {
                at.checked_sub(1).map(|o| if self.is_sign(o, '?') { o.wrapping_sub(1) } else { o })?
            }
            at if self.is_sign(at, ':') && self.is_path(at) => at.checked_sub(2)?,
            _ => return None,
        };
        (self.kind(owner) == Some(Kind::Word)).then(|| self.raw(owner))
    }

    /// The member that follows the token at `index`, and its own index: `x.name`, `x?.name`, `x["name"]`,
    /// `x::name`.
    pub(super) fn member(&self, index: usize) -> Option<(usize, Cow<'a, str>)> {
        let mut at = index + 1;
        if self.is_sign(at, '?') && self.is_sign(at + 1, '.') {
            at += 1;
        }
        if self.is_sign(at, '[') && self.kind(at + 1) == Some(Kind::Text) {
            return Some((at + 1, self.value(at + 1)));
        }
        if self.is_sign(at, ':') && self.is_sign(at + 1, ':') {
            at += 1;
        } else if !self.is_sign(at, '.') {
            return None;
        }
        match self.kind(at + 1)? {
            Kind::Word => Some((at + 1, self.raw(at + 1).into())),
            Kind::Sign if self.is_sign(at + 1, '[') && self.kind(at + 2) == Some(Kind::Text) => {
                Some((at + 2, self.value(at + 2)))
            }
            _ => None,
        }
    }

    /// The first argument of the call at `index`, where it is one text literal.
    pub(super) fn text_argument(&self, index: usize) -> Option<Cow<'a, str>> {
        (self.is_sign(index + 1, '(') && self.kind(index + 2) == Some(Kind::Text)).then(|| self.value(index + 2))
    }

    /// Whether the word at `index` is being declared and not used: `function eval(`, `def exec(`, `fn spawn(`.
    pub(super) fn is_declared(&self, index: usize) -> bool {
        index > 0 && matches!(self.raw(index - 1), "function" | "def" | "fn" | "class" | "interface" | "type")
    }

    pub(super) fn report(&self, scan: &mut Scan, kind: FindingType, index: usize, what: &str) {
        if scan.is_full(kind) {
            return;
        }
        let Some(token) = self.tokens.get(index) else { return };
        let (line_start, line) = self.line_around(token.start as usize);
        let is_long = line.len() > LONG_LINE;
        let note = match is_long {
            true => excerpt(self.text, token.start as usize),
            false => line.trim(),
        };
        let key = if is_long { String::new() } else { self.statement(index, line_start) };
        scan.add(Sighting {
            kind,
            line: token.line,
            end_line: token.line,
            note: shown(&format!("{what}: {note}")),
            key: format!("{what}\0{key}"),
        });
    }

    /// The tokens from the beginning of the word's line, without white space.
    fn statement(&self, index: usize, line_start: usize) -> String {
        let mut first = index;
        while first > 0 && index - first < KEY_TOKENS && self.tokens[first - 1].start as usize >= line_start {
            first -= 1;
        }
        let mut key = String::new();
        for token in first..(index + KEY_TOKENS).min(self.tokens.len()) {
            if key.len() > KEY_BYTES {
                break;
            }
            key.push_str(self.raw(token).get(..KEY_BYTES).unwrap_or(self.raw(token)));
        }
        key
    }

    /// The line that holds the byte `at`, and where it begins. Looks no further than [`LONG_LINE`] either way,
    /// so that many findings on one endless line cost no more than elsewhere.
    fn line_around(&self, at: usize) -> (usize, &'a str) {
        let bytes = self.text.as_bytes();
        let floor = at.saturating_sub(LONG_LINE + 1);
        let start = (floor..at).rev().find(|i| bytes[*i] == b'\n').map_or(floor, |i| i + 1);
        let ceiling = (at + LONG_LINE + 1).min(bytes.len());
        let end = (at..ceiling).find(|i| bytes[*i] == b'\n').unwrap_or(ceiling);
        let (start, end) = (self.text.floor_char_boundary(start), self.text.floor_char_boundary(end));
        (start, self.text.get(start..end).unwrap_or_default())
    }
}

/// What stands around `at` in a long line.
fn excerpt(text: &str, at: usize) -> &str {
    let start = text.floor_char_boundary(at.saturating_sub(40));
    let end = text.floor_char_boundary((at + 80).min(text.len()));
    text.get(start..end).unwrap_or_default().trim()
}

/// Untrusted text as it may be shown: one line, bounded, no control or invisible characters.
pub(super) fn shown(text: &str) -> String {
    let visible = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
        '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e01ef}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    let mut shown: String = text.chars().take(NOTE_CHARS).map(visible).collect();
    if text.chars().nth(NOTE_CHARS).is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// Resolves `\xNN`, `\uNNNN`, `\u{N}` and one-letter escapes in short texts.
fn unescape(raw: &str) -> Cow<'_, str> {
    if raw.len() > DECODED || !raw.contains('\\') {
        return raw.into();
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        value.push_str(before);
        let (c, length) = escape(after);
        value.extend(c);
        rest = after.get(length..).unwrap_or_default();
    }
    value.push_str(rest);
    value.into()
}

/// The character that an escape stands for, and the bytes it takes after the backslash.
pub(super) fn escape(after: &str) -> (Option<char>, usize) {
    let hex = |digits: Option<&str>| digits.and_then(|d| u32::from_str_radix(d, 16).ok()).and_then(char::from_u32);
    let mut chars = after.chars();
    match chars.next() {
        Some('x') => (hex(after.get(1..3)), 3),
        Some('u') if after[1..].starts_with('{') => {
            let end = after.find('}').unwrap_or(after.len());
            (hex(after.get(2..end)), end + 1)
        }
        Some('u') => (hex(after.get(1..5)), 5),
        Some('n') => (Some('\n'), 1),
        Some('t') => (Some('\t'), 1),
        Some('r') => (Some('\r'), 1),
        Some('\n') | None => (None, 1),
        Some(other) => (Some(other), other.len_utf8()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_joined_and_their_escapes_resolved() {
        let source = Source::new(r#"require("ch\x69ld" + '_pro\u0063ess')"#, Language::JavaScript);
        assert_eq!(source.text_argument(0).unwrap(), "child_process");
    }

    #[test]
    fn members_are_seen_however_they_are_written() {
        for text in ["process.env", "process?.env", "process['env']", "process?.['e'+'nv']", "process::env"] {
            let source = Source::new(text, Language::JavaScript);
            assert_eq!(source.member(0).unwrap().1, "env", "{text}");
        }
    }

    #[test]
    fn broken_escapes_do_no_harm() {
        for text in [r"\", r"\x", r"\u", r"\u{", r"\xé", r"a\ué", "\\\u{1f600}"] {
            unescape(text);
        }
        assert_eq!(shown(&"x".repeat(500)).chars().count(), NOTE_CHARS);
    }
}
