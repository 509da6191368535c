//! Addresses as lockfiles write them: shown to people, never fetched, and freed of secrets first.

/// The address without user, password, query and fragment: any of them may carry a token.
///
/// Works on text, because lockfiles hold addresses that no URL parser takes (`git@host:path`, relative paths).
pub(crate) fn without_credentials(address: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let address = &address[..end];
    let Some((scheme, rest)) = address.split_once("://") else {
        return without_loose_credentials(address);
    };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// The same for what is no proper address and yet taken as one: `user:secret@host:path` (git's short form) and
/// `https:/user:secret@host` (browsers, and the clients that do as they do). A name alone is no secret: `git@host:path`.
fn without_loose_credentials(address: &str) -> String {
    if address.starts_with("npm:") {
        return address.to_owned();
    }
    let (scheme, rest) = match address.split_once(':') {
        Some((scheme, rest)) if rest.starts_with(['/', '\\']) => (scheme, rest.trim_start_matches(['/', '\\'])),
        _ => ("", address),
    };
    let (authority, path) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) if !scheme.is_empty() => format!("{scheme}:/{host}{path}"),
        Some((user, host)) if user.contains(':') => format!("{host}{path}"),
        _ => address.to_owned(),
    }
}

/// The last path segment of an address or path, percent-decoded; `None` when it is empty or no plain name.
pub(crate) fn file_name(address: &str) -> Option<String> {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let last = address[..end].rsplit(['/', '\\']).next()?;
    let name = percent_decoded(last)?;
    let plain = !name.is_empty() && !name.contains(['/', '\\']) && !name.contains(char::is_control);
    (plain && name != "." && name != "..").then_some(name)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match (first, after) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.extend(hex::decode([*high, *low]).ok()?);
                rest = tail;
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_left() {
        for (address, expected) in [
            ("https://user:pass@host.example.test/a", "https://host.example.test/a"),
            ("https://a@b:c@host.example.test/a?token=x#f", "https://host.example.test/a"),
            ("https://token@host.example.test", "https://host.example.test"),
            ("ssh://git@host.example.test/a.git", "ssh://host.example.test/a.git"),
            ("https://host.example.test/a@b", "https://host.example.test/a@b"),
            ("user:secret@host.example.test:a.git", "host.example.test:a.git"),
            ("git+ssh:user:secret@//git@host.example.test/a.git", "//git@host.example.test/a.git"),
            ("https:/user:secret@host.example.test/a", "https:/host.example.test/a"),
            ("https:\\\\user:secret@host.example.test\\a", "https:/host.example.test\\a"),
            ("git@host.example.test:a.git", "git@host.example.test:a.git"),
            ("npm:@scope/name@1.0.0", "npm:@scope/name@1.0.0"),
            ("file:../a@b", "file:../a@b"),
            ("../vendor", "../vendor"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(address), expected);
        }
    }

    #[test]
    fn file_names_are_plain() {
        for (address, expected) in [
            ("https://host.example.test/x/a-1%2Bcpu.whl?x#sha256=0", Some("a-1+cpu.whl")),
            ("dist\\a-1.tar.gz", Some("a-1.tar.gz")),
            ("a%2", Some("a%2")),
            ("x/..%2F..%2Fetc", None),
            ("x/..", None),
            ("x/%00", None),
            ("x/%FF", None),
            ("x/", None),
        ] {
            assert_eq!(file_name(address).as_deref(), expected, "{address}");
        }
    }
}
