//! Refusals and failures, in the words and the form that each client prints: npm the `error` of a JSON body, uv the
//! `detail` of a problem document (RFC 9457), cargo the body, pip, pnpm and yarn the reason phrase.

use super::{Firewall, judge::Refusal};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use hyper::ext::ReasonPhrase;
use lockgate_model::{Cause, CauseKind, Ecosystem, redact::redacted};
use serde_json::json;

/// Longest reason phrase, in characters: it stands in a head, whose size is bounded.
const PHRASE: usize = 400;
/// Seconds after which it may be worth asking again.
const LATER: &str = "10";

impl Firewall {
    pub(super) fn refused(&self, ecosystem: Ecosystem, refusal: &Refusal) -> Response {
        let verb = if refusal.denied { "denies" } else { "holds" };
        let page =
            refusal.id.map_or_else(String::new, |id| format!(" See {}", self.address(&format!("judgements/{id}"))));
        let text = format!("Lockgate {verb} {}: {}.{page}", refusal.subject, refusal.why);
        // The phrase is cut at its end, so that what leads on stands first.
        let phrase = format!("Lockgate {verb} {}.{page} {}", refusal.subject, refusal.why);
        told(ecosystem, StatusCode::FORBIDDEN, &text, &phrase)
    }
}

/// What could not be learnt: 503 where asking again may help, 403 where it will not.
pub(super) fn failed(ecosystem: Ecosystem, cause: &Cause) -> Response {
    let status = match cause.kind {
        CauseKind::NotFound => StatusCode::NOT_FOUND,
        kind if kind.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    let text = format!("Lockgate: {cause}");
    let mut response = told(ecosystem, status, &text, &text);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(LATER));
    }
    response
}

/// What this door does not do.
pub(super) fn not_here(ecosystem: Ecosystem, status: StatusCode, text: &str) -> Response {
    told(ecosystem, status, text, text)
}

fn told(ecosystem: Ecosystem, status: StatusCode, text: &str, phrase: &str) -> Response {
    let text = redacted(text.to_owned());
    let (media, body) = match ecosystem {
        Ecosystem::Npm => ("application/json", json!({ "error": text }).to_string()),
        Ecosystem::Pypi => {
            let title = status.canonical_reason().unwrap_or("refused");
            let problem = json!({ "title": title, "status": status.as_u16(), "detail": text });
            ("application/problem+json", problem.to_string())
        }
        Ecosystem::Cargo => ("text/plain; charset=utf-8", text.clone()),
    };
    let mut response = (status, [(header::CONTENT_TYPE, media)], Body::from(body)).into_response();
    let phrase = one_line(&redacted(phrase.to_owned()));
    if ecosystem == Ecosystem::Npm
        && let Ok(notice) = HeaderValue::from_str(&phrase)
    {
        response.headers_mut().insert("npm-notice", notice);
    }
    if let Ok(phrase) = ReasonPhrase::try_from(phrase.into_bytes()) {
        response.extensions_mut().insert(phrase);
    }
    response
}

/// Printable ASCII in one line: what stands in a head must not end it, and quotes what strangers wrote.
fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| {
        if c.is_ascii_graphic() {
            c
        } else if c.is_whitespace() {
            ' '
        } else {
            '?'
        }
    });
    plain.take(PHRASE).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_cannot_end_its_head() {
        assert_eq!(one_line("a\r\nset-cookie: x\u{7f}\u{e9}"), "a  set-cookie: x??");
        assert_eq!(one_line(&"x".repeat(5000)).len(), PHRASE);
    }

    #[test]
    fn what_may_pass_is_told_apart_from_what_will_not() {
        let status = |kind| failed(Ecosystem::Npm, &Cause::new(kind, "fetch npm a")).status().as_u16();
        assert_eq!(status(CauseKind::Timeout), 503);
        assert_eq!(status(CauseKind::Upstream), 503);
        assert_eq!(status(CauseKind::NotFound), 404);
        assert_eq!(status(CauseKind::Malformed), 403);
        assert_eq!(status(CauseKind::HostNotAllowed), 403);
    }
}
