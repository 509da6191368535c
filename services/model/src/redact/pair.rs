//! `name=value` and `name: value`, where the name says that the value is a secret.

use super::{
    keys,
    text::{Scan, before_escape, past_escape},
};
use std::ops::Range;

/// Longest name that is looked at.
const NAME: usize = 48;
/// Most spaces around the sign.
const SPACES: usize = 4;
/// Deepest indentation of a line that is a pair.
const INDENT: usize = 32;
/// Header fields whose whole line is a secret (RFC 9110).
const HEADERS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie", "private-token", "x-api-key"];

/// How a value is written.
enum Quote {
    None,
    /// `"value"`, `'value'`, or `\"value\"` in a text that is itself quoted.
    Closed(&'static [u8]),
}

/// The secret value of the pair whose `=` or `:` stands at `at`.
pub(super) fn value(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    let bytes = scan.bytes;
    let (name, quoted, before) = name(scan, at)?;
    let in_query = bytes[at] == b'=' && matches!(before, b'?' | b'&' | b';' | b'#');
    let secret = if in_query { keys::names_secret_in_query(name) } else { keys::names_secret(name) };
    if !secret {
        return None;
    }
    let begin = at + 1 + bytes[at + 1..].iter().take(SPACES).take_while(|b| **b == b' ').count();
    let (begin, quote) = opened(bytes, begin);
    let header = HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header));
    let starts_line = before == b'\n';
    let closed = matches!(quote, Quote::Closed(_));
    // In prose a colon introduces words: `the registry refuses the password: ask its operator`.
    if bytes[at] == b':' && !(quoted || closed || header || starts_line) {
        return None;
    }
    let end = match quote {
        Quote::Closed(sign) => close(bytes, begin, sign),
        Quote::None if header => line_end(bytes, begin),
        Quote::None => begin + bytes[begin..].iter().take_while(|b| !ends_value(**b)).count(),
    };
    let end = before_escape(bytes, begin, end);
    // A count (`pass=3`) is no secret.
    if end - begin <= 4 && bytes[begin..end].iter().all(u8::is_ascii_digit) {
        return None;
    }
    (end > begin && begin >= scan.done).then_some(begin..end)
}

/// The end of the line or of the quote around it, either of which may be written as an escape.
fn line_end(bytes: &[u8], begin: usize) -> usize {
    let ends = |at: &usize| match bytes[*at] {
        b'\r' | b'\n' | b'"' => true,
        b'\\' => matches!(bytes.get(at + 1), Some(b'n' | b'r' | b'"')),
        _ => false,
    };
    (begin..bytes.len()).find(ends).unwrap_or(bytes.len())
}

fn ends_value(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b",;&\"'<>)}]`".contains(&byte)
}

/// The name before the sign at `at`, whether it is quoted, and the byte before it; a line break where it begins a line.
fn name<'a>(scan: &Scan<'a>, at: usize) -> Option<(&'a str, bool, u8)> {
    let bytes = scan.bytes;
    let mut end = at;
    let spaces = bytes[scan.done..end].iter().rev().take(SPACES).take_while(|b| **b == b' ').count();
    end -= spaces;
    let quoted = end > scan.done && matches!(bytes[end - 1], b'"' | b'\'');
    if quoted {
        end -= 1;
        end = before_escape(bytes, scan.done, end);
    }
    let in_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']');
    let length = bytes[scan.done..end].iter().rev().take(NAME).take_while(|b| in_name(**b)).count();
    let start = past_escape(bytes, end - length, end);
    let name = std::str::from_utf8(&bytes[start..end]).ok().filter(|name| !name.is_empty())?;
    let indent = bytes[..start].iter().rev().take(INDENT).take_while(|b| matches!(**b, b' ' | b'\t')).count();
    let before = match &bytes[..start - indent] {
        [] => b'\n',
        // An escaped line break is one.
        [.., b'\n' | b'\r'] | [.., b'\\', b'n' | b'r'] => b'\n',
        _ if indent > 0 => b' ',
        [.., last] => *last,
    };
    Some((name, quoted, before))
}

fn opened(bytes: &[u8], at: usize) -> (usize, Quote) {
    let rest = &bytes[at..];
    let some = if rest.starts_with(b"Some(") { 5 } else { 0 };
    for sign in [&b"\\\""[..], b"\"", b"'"] {
        if rest[some..].starts_with(sign) {
            return (at + some + sign.len(), Quote::Closed(sign));
        }
    }
    (at, Quote::None)
}

/// Where the closing sign stands; an escaped quote does not close, and an open end closes.
fn close(bytes: &[u8], begin: usize, sign: &[u8]) -> usize {
    let mut at = begin;
    while at < bytes.len() {
        if bytes[at..].starts_with(sign) {
            return at;
        }
        // In a text within a text, the outer quote closes too.
        if bytes[at] == b'"' {
            return at;
        }
        at += if bytes[at] == b'\\' && sign == b"\"" { 2 } else { 1 };
    }
    // Never into the middle of a character.
    let mut end = bytes.len().min(at);
    while end > begin && bytes.get(end).is_some_and(|b| b & 0xC0 == 0x80) {
        end -= 1;
    }
    end
}
