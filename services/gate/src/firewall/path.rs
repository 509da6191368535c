//! The address that was asked for, in parts. Untrusted: what a part means is decided by who compares it.

use http::Uri;

/// The decoded segments behind the first one; `None` where an escape is broken, or a part is a way out of its folder.
pub(super) fn segments(uri: &Uri) -> Option<Vec<String>> {
    let path = uri.path().trim_start_matches('/');
    let parts: Option<Vec<String>> = path.split('/').skip(1).map(decoded).collect();
    parts.filter(|parts| parts.iter().flat_map(|part| part.split(['/', '\\'])).all(|part| part != "." && part != ".."))
}

fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'%', [high, low, tail @ ..]) => {
                bytes.extend(hex::decode([*high, *low]).ok()?);
                rest = tail;
            }
            (b'%', _) => return None,
            _ => bytes.push(first),
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control))
}

/// A name as part of an address: what is neither letter, digit nor harmless is escaped.
pub(super) fn encoded(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~@/+!".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_and_never_lead_out() {
        let of = |path: &str| segments(&path.parse().unwrap());
        assert_eq!(of("/npm/@s%2fa/-/a-1.tgz"), Some(vec!["@s/a".into(), "-".into(), "a-1.tgz".into()]));
        assert_eq!(of("/pypi/simple/a/"), Some(vec!["simple".into(), "a".into(), String::new()]));
        for wrong in ["/npm/..", "/npm/a%2f..%2fb", "/npm/%2e%2e/x", "/npm/%zz", "/npm/a%", "/npm/%00", "/npm/%ff"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(encoded("@s/a b?.tgz"), "@s/a%20b%3F.tgz");
    }
}
