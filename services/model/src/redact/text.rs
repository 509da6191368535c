//! The pass over a text: at each byte that may begin or end something, the shape that it may be.

use super::{MARK, email, pair, shapes, url};
use std::{borrow::Cow, ops::Range};

/// What the shapes are asked about: the text, and how far it was dealt with already.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) bytes: &'a [u8],
    /// Nothing before this offset is looked at again, so that no text is taken out twice.
    pub(super) done: usize,
    /// No JSON Web Token begins before this offset; keeps a text full of beginnings linear.
    pub(super) no_jwt_before: usize,
}

/// Borrowed where nothing was found.
pub(super) fn redact(text: &str) -> Cow<'_, str> {
    let mut scan = Scan { bytes: text.as_bytes(), done: 0, no_jwt_before: 0 };
    let mut cleaned = String::new();
    let mut at = 0;
    while at < scan.bytes.len() {
        let Some(secret) = at_byte(&mut scan, at) else {
            at += 1;
            continue;
        };
        debug_assert!(scan.done <= secret.start && at < secret.end && secret.end <= scan.bytes.len());
        cleaned.push_str(&text[scan.done..secret.start]);
        cleaned.push_str(MARK);
        scan.done = secret.end;
        at = secret.end;
    }
    if scan.done == 0 {
        return Cow::Borrowed(text);
    }
    cleaned.push_str(&text[scan.done..]);
    Cow::Owned(cleaned)
}

/// The secret that the byte at `at` begins, or (for `@`, `=` and `:`) is in the middle of.
fn at_byte(scan: &mut Scan<'_>, at: usize) -> Option<Range<usize>> {
    let found = match scan.bytes[at] {
        b'@' => email::around(scan, at, 1),
        b'%' if scan.bytes[at..].starts_with(b"%40") => email::around(scan, at, 3),
        b':' => url::credentials(scan, at).or_else(|| pair::value(scan, at)),
        b'=' => pair::value(scan, at),
        b'-' => shapes::pem(scan, at),
        b'e' => shapes::jwt(scan, at),
        b'B' | b'b' => shapes::scheme(scan, at),
        b'g' | b'n' | b'p' | b'l' | b'A' | b'x' | b'h' | b'c' | b's' => shapes::token(scan, at),
        _ => None,
    }?;
    // What is the mark already stays as it is.
    (&scan.bytes[found.clone()] != MARK.as_bytes()).then_some(found)
}

/// `start`, moved past the rest of an escape that the text is in the middle of: what looks like the first letter of a
/// word may be the `n` of `\n` or end a `\u00e9`.
pub(super) fn past_escape(bytes: &[u8], start: usize, end: usize) -> usize {
    let backslashes = bytes[..start].iter().rev().take(8).take_while(|b| **b == b'\\').count();
    if backslashes % 2 == 0 || start >= end {
        return start;
    }
    match bytes[start] {
        b'n' | b'r' | b't' | b'b' | b'f' => start + 1,
        b'u' if end - start >= 5 && bytes[start + 1..start + 5].iter().all(u8::is_ascii_hexdigit) => start + 5,
        _ => start,
    }
}

/// `end` without trailing backslashes, which may escape the quote that follows.
pub(super) fn before_escape(bytes: &[u8], start: usize, end: usize) -> usize {
    let kept = bytes[start..end].iter().rev().take_while(|b| **b == b'\\').count();
    end - kept
}
