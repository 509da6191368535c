//! Requests that another site makes a signed-in browser send. Two independent answers: the browser says where the request
//! comes from, and a form carries a value that only this session's pages show.
//!
//! A bearer token needs neither: no browser sends it by itself.

use super::secret::Opaque;
use http::HeaderMap;
use url::Url;

/// The hidden field of each form.
pub(super) const FIELD: &str = "csrf";

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Forged {
    #[error("the browser says that another site sent this form")]
    OtherSite,
    #[error("the form does not carry this session's value; load the page again and send it once more")]
    NoValue,
}

/// The value of this session's forms.
pub(super) fn value(session: &Opaque) -> Opaque {
    session.derive("forms")
}

/// Whether the request comes from our own pages: Fetch Metadata where the browser sends it, and `Origin`, which every
/// browser sends with a POST. A request with neither comes from no browser of this decade.
pub(super) fn same_site(headers: &HeaderMap, public_url: &Url) -> Result<(), Forged> {
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("unreadable"));
    let site = text("sec-fetch-site");
    let origin = text("origin");
    let site_is_ours = site.is_none_or(|site| site == "same-origin");
    let origin_is_ours = origin.is_none_or(|origin| origin == public_url.origin().ascii_serialization());
    if (site.is_some() || origin.is_some()) && site_is_ours && origin_is_ours { Ok(()) } else { Err(Forged::OtherSite) }
}

/// Whether a form (`application/x-www-form-urlencoded`) carries the session's value.
pub(super) fn carries(body: &[u8], session: &Opaque) -> Result<(), Forged> {
    let mut found = url::form_urlencoded::parse(body).filter(|(name, _)| name == FIELD);
    match (found.next(), found.next()) {
        (Some((_, given)), None) if value(session).is(&given) => Ok(()),
        _ => Err(Forged::NoValue),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        let ours: Url = "https://gate.example.test/".parse().unwrap();
        let ok = |pairs| same_site(&headers(pairs), &ours).is_ok();
        assert!(ok(&[("origin", "https://gate.example.test")]));
        assert!(ok(&[("origin", "https://gate.example.test"), ("sec-fetch-site", "same-origin")]));
        assert!(!ok(&[]));
        assert!(!ok(&[("origin", "null")]));
        assert!(!ok(&[("origin", "https://evil.example.test")]));
        assert!(!ok(&[("origin", "http://gate.example.test")]));
        assert!(!ok(&[("origin", "https://gate.example.test"), ("sec-fetch-site", "cross-site")]));
        assert!(!ok(&[("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn a_form_carries_the_value_of_its_own_session() {
        let (mine, other) = (Opaque::random().unwrap(), Opaque::random().unwrap());
        let body = |session: &Opaque| format!("reason=x&csrf={}", value(session).expose());
        assert_eq!(carries(body(&mine).as_bytes(), &mine), Ok(()));
        assert_eq!(carries(body(&other).as_bytes(), &mine), Err(Forged::NoValue));
        assert_eq!(carries(b"reason=x", &mine), Err(Forged::NoValue));
        assert_eq!(carries(b"csrf=", &mine), Err(Forged::NoValue));
        let twice = format!("{}&csrf=", body(&mine));
        assert_eq!(carries(twice.as_bytes(), &mine), Err(Forged::NoValue));
    }
}
