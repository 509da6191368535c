//! The two cookies: the session, and the sign-in that is under way.
//!
//! On https their names begin with `__Host-`, so that no neighbour under the same domain and no plain http page can plant
//! one (RFC 6265bis, section 4.1.3.2). On loopback, where there is no https, the names are plain.

use crate::config::ServerConfig;
use http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    Session,
    Login,
}

impl Cookie {
    fn name(self, server: &ServerConfig) -> &'static str {
        match (self, is_https(server)) {
            (Self::Session, true) => "__Host-lockgate-session",
            (Self::Session, false) => "lockgate-session",
            (Self::Login, true) => "__Host-lockgate-login",
            (Self::Login, false) => "lockgate-login",
        }
    }

    /// Its value in a request. A name that comes twice was planted: then neither counts.
    pub(super) fn read<'h>(self, server: &ServerConfig, headers: &'h HeaderMap) -> Option<&'h str> {
        let name = self.name(server);
        let mut found = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let value = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// The header that sets it. `value` is base64url and dots.
    pub(super) fn set(self, server: &ServerConfig, value: &str, lifetime: Duration) -> HeaderValue {
        let secure = if is_https(server) { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            self.name(server),
            lifetime.as_secs()
        );
        HeaderValue::from_str(&text).expect("base64url and dots make a header")
    }

    pub(super) fn clear(self, server: &ServerConfig) -> HeaderValue {
        self.set(server, "", Duration::ZERO)
    }
}

pub(crate) fn is_https(server: &ServerConfig) -> bool {
    server.public_url.scheme() == "https"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> ServerConfig {
        ServerConfig { public_url: url.parse().unwrap(), ..ServerConfig::default() }
    }

    #[test]
    fn on_https_the_cookie_is_bound_to_the_host() {
        let text = Cookie::Session.set(&server("https://gate.example.test/"), "v", Duration::from_secs(60));
        let text = text.to_str().unwrap();
        assert_eq!(text, "__Host-lockgate-session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        let plain = Cookie::Session.set(&server("http://127.0.0.1:1/"), "v", Duration::from_secs(60));
        assert!(plain.to_str().unwrap().starts_with("lockgate-session=v;"));
    }

    #[test]
    fn a_planted_second_cookie_makes_both_worthless() {
        let (server, mut headers) = (server("http://127.0.0.1:1/"), HeaderMap::new());
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; lockgate-session=one"));
        assert_eq!(Cookie::Session.read(&server, &headers), Some("one"));
        headers.append(header::COOKIE, HeaderValue::from_static("lockgate-session=two"));
        assert_eq!(Cookie::Session.read(&server, &headers), None);
    }
}
