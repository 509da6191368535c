//! E-mail addresses (RFC 5321), as people and packages write them: `local@domain.tld`.

use super::text::{Scan, past_escape};
use std::ops::Range;

/// RFC 5321, 4.5.3.1.
const LOCAL: usize = 64;
const DOMAIN: usize = 253;

/// Endings of file names that no address ends in: `icon@2x.png` is no address.
const FILES: [&[u8]; 22] = [
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"js", b"mjs", b"cjs", b"jsx", b"tsx", b"css", b"scss", b"json",
    b"yaml", b"yml", b"toml", b"lock", b"html", b"tgz", b"gz", b"whl",
];

/// The address around the `@` (or `%40`) of `width` bytes at `at`.
pub(super) fn around(scan: &Scan<'_>, at: usize, width: usize) -> Option<Range<usize>> {
    let bytes = scan.bytes;
    let before = &bytes[scan.done..at];
    let local = before.iter().rev().take(LOCAL).take_while(|b| in_local(**b)).count();
    let start = past_escape(bytes, at - local, at);
    let start = boundary(bytes, start);
    if start >= at {
        return None;
    }
    let from = at + width;
    let reach = bytes[from..].iter().take(DOMAIN).take_while(|b| in_domain(**b)).count();
    let domain = trimmed(&bytes[from..from + reach]);
    is_domain(domain).then(|| start..from + domain.len())
}

fn in_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte) || byte >= 0x80
}

fn in_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') || byte >= 0x80
}

/// A bound may fall into the middle of a character.
fn boundary(bytes: &[u8], mut start: usize) -> usize {
    while bytes.get(start).is_some_and(|b| b & 0xC0 == 0x80) {
        start += 1;
    }
    start
}

/// Full stops and dashes at the end belong to the sentence.
fn trimmed(domain: &[u8]) -> &[u8] {
    let mut end = domain.len() - domain.iter().rev().take_while(|b| matches!(**b, b'.' | b'-')).count();
    // Typographic marks are not ASCII and follow an address without a space: cut before the last label's end.
    if let Some(label) = domain[..end].iter().rposition(|b| *b == b'.') {
        let tail = &domain[label + 1..end];
        if tail.first().is_some_and(u8::is_ascii_alphabetic) {
            let ascii = tail.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            if tail.get(ascii).is_some_and(|b| *b >= 0x80) && ascii >= 2 {
                end = label + 1 + ascii;
            }
        }
    }
    // The bound may have cut a character.
    while end > 0 && domain.get(end).is_some_and(|b| b & 0xC0 == 0x80) {
        end -= 1;
    }
    &domain[..end]
}

fn is_domain(domain: &[u8]) -> bool {
    let Some(dot) = domain.iter().rposition(|b| *b == b'.') else { return false };
    let last = &domain[dot + 1..];
    let letters = last.len() >= 2 && last.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    let punycode = last.len() > 4 && last[..4].eq_ignore_ascii_case(b"xn--");
    let begins = domain[0] != b'.' && domain[0] != b'-';
    begins && (letters || punycode) && !is_version(domain) && !FILES.iter().any(|file| last.eq_ignore_ascii_case(file))
}

/// `left-pad@1.0.0-beta.rc` names a release: after an optional `v`, digits, a dot and a digit.
fn is_version(domain: &[u8]) -> bool {
    let rest = domain.strip_prefix(b"v").unwrap_or(domain);
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && rest.get(digits) == Some(&b'.') && rest.get(digits + 1).is_some_and(u8::is_ascii_digit)
}
