//! The headers that every answer carries.
//!
//! Pages hold no inline script and no inline style, so the policy allows none; a page that comes with a script of ours says so
//! itself ([`WITH_OUR_SCRIPT`]). Nothing of ours is loaded by, or shown in, another site. `same-origin` and not `no-referrer`: under the latter browsers send `Origin: null` with our own forms, which
//! could then not be told from forged ones (Fetch, section 3.2).

use super::auth::is_https;
use crate::config::ServerConfig;
use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
};
use tower_http::set_header::SetResponseHeaderLayer;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                                       frame-ancestors 'none'; base-uri 'none'";
/// As the policy of all pages, and the script files that this server serves.
pub(super) const WITH_OUR_SCRIPT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                                          form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const PERMISSIONS_POLICY: &str = "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), fullscreen=(), \
                                  geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), \
                                  payment=(), publickey-credentials-get=(), serial=(), usb=()";
/// Two years. Names below the gate's own are somebody else's to decide about.
const TRANSPORT_SECURITY: &str = "max-age=63072000";

/// What every answer carries.
pub(super) fn always(server: &ServerConfig) -> Vec<(HeaderName, &'static str)> {
    let mut headers = vec![
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    if is_https(server) {
        headers.push((header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY));
    }
    headers
}

/// Adds them; the policy where the answer brings none of its own; and keeps what does not say otherwise out of every cache.
pub(super) fn layered<S: Clone + Send + Sync + 'static>(router: Router<S>, server: &ServerConfig) -> Router<S> {
    let private = SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let layered = always(server).into_iter().fold(router, |router, (name, value)| {
        let value = HeaderValue::from_static(value);
        match name == header::CONTENT_SECURITY_POLICY {
            true => router.layer(SetResponseHeaderLayer::if_not_present(name, value)),
            false => router.layer(SetResponseHeaderLayer::overriding(name, value)),
        }
    });
    layered.layer(private)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transport_security_is_promised_on_https_alone() {
        let names = |url: &str| {
            let server = ServerConfig { public_url: url.parse().unwrap(), ..ServerConfig::default() };
            always(&server).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert!(names("https://gate.example.test/").contains(&header::STRICT_TRANSPORT_SECURITY));
        assert!(!names("http://127.0.0.1:8080/").contains(&header::STRICT_TRANSPORT_SECURITY));
    }
}
