//! Secrets that their issuer made recognisable.

use super::text::{Scan, before_escape};
use std::ops::Range;

/// How an issuer's tokens begin, and what follows.
struct Token {
    prefix: &'static [u8],
    /// Fewest characters after the prefix.
    at_least: usize,
    alphabet: fn(u8) -> bool,
}

/// GitHub's installation tokens may end in a JSON Web Token (`ghs_APPID_JWT`), hence the dots.
const TOKENS: [Token; 22] = [
    Token { prefix: b"ghp_", at_least: 20, alphabet: in_jwt },
    Token { prefix: b"gho_", at_least: 20, alphabet: in_jwt },
    Token { prefix: b"ghu_", at_least: 20, alphabet: in_jwt },
    Token { prefix: b"ghs_", at_least: 20, alphabet: in_jwt },
    Token { prefix: b"ghr_", at_least: 20, alphabet: in_jwt },
    Token { prefix: b"github_pat_", at_least: 20, alphabet: in_base64url },
    Token { prefix: b"glpat-", at_least: 20, alphabet: in_jwt },
    Token { prefix: b"npm_", at_least: 30, alphabet: alphanumeric },
    Token { prefix: b"pypi-Ag", at_least: 16, alphabet: in_base64url },
    Token { prefix: b"lgt_", at_least: 16, alphabet: in_base64url },
    Token { prefix: b"lgs_", at_least: 16, alphabet: in_base64url },
    Token { prefix: b"cio", at_least: 32, alphabet: alphanumeric },
    Token { prefix: b"hf_", at_least: 30, alphabet: alphanumeric },
    Token { prefix: b"sk-", at_least: 32, alphabet: in_base64url },
    Token { prefix: b"xoxb-", at_least: 16, alphabet: in_base64url },
    Token { prefix: b"xoxp-", at_least: 16, alphabet: in_base64url },
    Token { prefix: b"xoxa-", at_least: 16, alphabet: in_base64url },
    Token { prefix: b"AKIA", at_least: 16, alphabet: upper },
    Token { prefix: b"ASIA", at_least: 16, alphabet: upper },
    Token { prefix: b"AROA", at_least: 16, alphabet: upper },
    Token { prefix: b"AIDA", at_least: 16, alphabet: upper },
    Token { prefix: b"AIza", at_least: 30, alphabet: in_base64url },
];

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn in_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn in_jwt(byte: u8) -> bool {
    in_base64url(byte) || byte == b'.'
}

/// How far `alphabet` reaches from `from` on.
fn run(bytes: &[u8], from: usize, alphabet: impl Fn(u8) -> bool) -> usize {
    from + bytes[from..].iter().take_while(|b| alphabet(**b)).count()
}

/// A token by its prefix; anywhere, since an escape or an encoding may stand right before it.
pub(super) fn token(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    let rest = &scan.bytes[at..];
    let token = TOKENS.iter().find(|token| rest.starts_with(token.prefix))?;
    let begin = at + token.prefix.len();
    // Looking at no more than is needed to refuse keeps a text full of prefixes linear.
    let enough = rest.get(token.prefix.len()..token.prefix.len() + token.at_least)?;
    if !enough.iter().all(|b| (token.alphabet)(*b)) {
        return None;
    }
    let end = run(scan.bytes, begin, token.alphabet);
    Some(at..without_full_stop(scan.bytes, end))
}

/// A sentence may end after a token.
fn without_full_stop(bytes: &[u8], end: usize) -> usize {
    end - bytes[..end].iter().rev().take_while(|b| **b == b'.').count()
}

/// A JSON Web Token (RFC 7519), or the first two parts of one: a base64url object, a dot, more of it.
pub(super) fn jwt(scan: &mut Scan<'_>, at: usize) -> Option<Range<usize>> {
    if at < scan.no_jwt_before || !scan.bytes[at..].starts_with(b"eyJ") {
        return None;
    }
    let header = run(scan.bytes, at, in_base64url);
    if scan.bytes.get(header) != Some(&b'.') || header - at < 8 {
        scan.no_jwt_before = header;
        return None;
    }
    let claims = run(scan.bytes, header + 1, in_base64url);
    if claims - header < 8 {
        scan.no_jwt_before = header;
        return None;
    }
    let end = run(scan.bytes, at, in_jwt);
    Some(at..without_full_stop(scan.bytes, end))
}

/// A PEM block (RFC 7468) to its end, or as far as it looks like one: a log line may cut it off.
pub(super) fn pem(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    if !scan.bytes[at..].starts_with(BEGIN) {
        return None;
    }
    // Base64, its line breaks (also escaped, as `\n`), the dashes and words of both lines, headers of old keys.
    let body = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'+' | b'/' | b'=' | b'-' | b':' | b',' | b'\\')
            || b.is_ascii_whitespace()
    };
    let reach = run(scan.bytes, at, body);
    let block = &scan.bytes[at..reach];
    let end = find(block, b"-----END ").and_then(|end| {
        let label = end + b"-----END ".len();
        find(&block[label..], b"-----").map(|dashes| at + label + dashes + 5)
    });
    Some(at..end.unwrap_or_else(|| before_escape(scan.bytes, at, reach)))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The credentials of an `Authorization` header's value (RFC 9110, 11.4): `Bearer ...`, `Basic ...`.
pub(super) fn scheme(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    let rest = &scan.bytes[at..];
    let word = [&b"bearer"[..], b"basic"]
        .into_iter()
        .find(|word| rest.len() > word.len() && rest[..word.len()].eq_ignore_ascii_case(word))?;
    let gap = rest[word.len()..].iter().take(4).take_while(|b| matches!(**b, b' ' | b'+')).count();
    if gap == 0 {
        return None;
    }
    let begin = at + word.len() + gap;
    let end = run(scan.bytes, begin, |b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
    let value = &scan.bytes[begin..without_full_stop(scan.bytes, end).max(begin)];
    is_no_word(value).then_some(begin..begin + value.len())
}

/// "basic understanding" is prose; credentials have digits, capitals or signs in the middle, or are very long.
fn is_no_word(value: &[u8]) -> bool {
    let odd = |b: &u8| b.is_ascii_digit() || b.is_ascii_uppercase() || b"._~+/=".contains(b);
    value.len() >= 24 || (value.len() >= 6 && value[1..].iter().any(odd))
}
