//! Credentials in addresses: `scheme://user:password@host`.

use super::text::{Scan, before_escape};
use std::ops::Range;

/// Longest user part that is looked for.
const USER: usize = 512;

/// The user part of an address whose `://` begins at `at`.
pub(super) fn credentials(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    if !scan.bytes[at..].starts_with(b"://") {
        return None;
    }
    let begin = at + 3;
    let rest = &scan.bytes[begin..];
    let authority = rest.iter().take(USER).take_while(|b| !ends_authority(**b)).count();
    if let Some(sign) = rest[..authority].iter().rposition(|b| *b == b'@') {
        return (sign > 0).then_some(begin..begin + sign);
    }
    password_with_slash(scan, begin, authority)
}

fn ends_authority(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"/?#\"'<>`{}|^\\".contains(&byte)
}

/// A password in which `/`, `?` or `#` was not escaped ends the authority before its `@`. `user:word` is no host and
/// port, so what follows up to an `@` in the same word is still the password.
fn password_with_slash(scan: &Scan<'_>, begin: usize, authority: usize) -> Option<Range<usize>> {
    let rest = &scan.bytes[begin..];
    let colon = rest[..authority].iter().position(|b| *b == b':')?;
    let port = &rest[colon + 1..authority];
    if colon == 0 || rest[0] == b'[' || port.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let word = rest.iter().take(USER).take_while(|b| !b.is_ascii_whitespace() && !b"\"'<>`".contains(*b)).count();
    let sign = rest[..word].iter().rposition(|b| *b == b'@');
    let end = sign.unwrap_or_else(|| before_escape(rest, colon + 1, authority));
    Some(begin..begin + end)
}
