//! The host of an address in a lockfile.
//!
//! Rego has no address parser, and one written with regular expressions would read `https://good@evil/` or
//! `https://good\@evil/` as the attacker likes; so the host is taken out here, the way clients do it.

use url::Url;

/// `host` or `host:port`, lower case, port only where it is not the scheme's own. `None` when there is none.
pub(crate) fn host(address: &str) -> Option<String> {
    let address = address.strip_prefix("git+").unwrap_or(address);
    match Url::parse(address) {
        Ok(url) if url.has_host() => of_url(&url),
        _ => of_scp(address),
    }
}

fn of_url(url: &Url) -> Option<String> {
    let host = url.host_str()?.to_lowercase();
    let usual = match url.scheme() {
        "ssh" => Some(22),
        "git" => Some(9418),
        _ => None,
    };
    Some(match url.port() {
        Some(port) if Some(port) != usual => format!("{host}:{port}"),
        _ => host,
    })
}

/// `user@host:path`, as git writes SSH addresses.
fn of_scp(address: &str) -> Option<String> {
    let (before, _) = address.split_once(':')?;
    let host = before.rsplit('@').next()?;
    let plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    (plain && before.contains('@')).then(|| host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_what_a_client_would_connect_to() {
        for (address, expected) in [
            ("https://Registry.example.test/left-pad/-/left-pad-1.3.0.tgz", Some("registry.example.test")),
            ("https://registry.example.test:443/x", Some("registry.example.test")),
            ("http://127.0.0.1:4873/x", Some("127.0.0.1:4873")),
            ("https://registry.example.test@evil.example.test/x", Some("evil.example.test")),
            ("https://evil.example.test\\@registry.example.test/x", Some("evil.example.test")),
            ("git+ssh://git@git.example.test/a/b.git#0123", Some("git.example.test")),
            ("git+ssh://git@GIT.example.test:2222/a/b.git", Some("git.example.test:2222")),
            ("git@git.example.test:a/b.git", Some("git.example.test")),
            ("file:///etc/passwd", None),
            ("../relative", None),
            ("", None),
        ] {
            assert_eq!(host(address).as_deref(), expected, "{address}");
        }
    }
}
