//! A file, handed out: whole, or the part that was asked for. All of it was hashed before the first byte leaves.

use super::{
    Firewall, answers,
    judge::{Answer, Wanted},
};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lockgate_mirror::Verified;
use lockgate_model::Digest;

impl Firewall {
    pub(super) async fn hand_out(&self, wanted: &Wanted, headers: &HeaderMap) -> Response {
        match self.file(wanted).await {
            Answer::Passed(object) => handed_out(&object, headers),
            Answer::Refused(refusal) => self.refused(wanted.ecosystem, &refusal),
            Answer::Failed(cause) => answers::failed(wanted.ecosystem, &cause),
        }
    }
}

fn handed_out(object: &Verified, headers: &HeaderMap) -> Response {
    let (bytes, tag) = (object.bytes().clone(), tag(object.sha256()));
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let length = bytes.len();
    // A part of another revision would be put beside the wrong rest.
    let same = headers.get(header::IF_RANGE).is_none_or(|of| *of == tag);
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).filter(|_| same);
    match range.map(|range| part(range, length)) {
        None | Some(Part::Whole) => whole(StatusCode::OK, bytes, tag),
        Some(Part::Of(first, last)) => {
            let mut response = whole(StatusCode::PARTIAL_CONTENT, bytes.slice(first..=last), tag);
            let shown = HeaderValue::from_str(&format!("bytes {first}-{last}/{length}"));
            shown.into_iter().for_each(|range| drop(response.headers_mut().insert(header::CONTENT_RANGE, range)));
            response
        }
        Some(Part::Outside) => {
            (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{length}"))]).into_response()
        }
    }
}

fn whole(status: StatusCode, bytes: Bytes, tag: HeaderValue) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, tag);
    response
}

fn tag(sha256: &Digest) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", sha256.hex())).expect("hexadecimal is a header's text")
}

/// What a `Range` header asks for (RFC 9110, 14.2).
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Several parts, or none that is understood: the whole is an answer to that.
    Whole,
    /// First and last byte.
    Of(usize, usize),
    Outside,
}

fn part(range: &str, length: usize) -> Part {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    let end = length.saturating_sub(1);
    match (first.trim().parse::<usize>(), last.trim().parse::<usize>()) {
        (Ok(first), _) if first >= length => Part::Outside,
        (Ok(first), Ok(last)) if last >= first => Part::Of(first, last.min(end)),
        (Ok(first), Err(_)) if last.trim().is_empty() => Part::Of(first, end),
        (Err(_), Ok(0)) if first.trim().is_empty() => Part::Outside,
        (Err(_), Ok(count)) if first.trim().is_empty() && length > 0 => Part::Of(length.saturating_sub(count), end),
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_that_were_asked_for() {
        for (range, expected) in [
            ("bytes=0-3", Part::Of(0, 3)),
            ("bytes=4-", Part::Of(4, 9)),
            ("bytes=-4", Part::Of(6, 9)),
            ("bytes=-40", Part::Of(0, 9)),
            ("bytes=3-400", Part::Of(3, 9)),
            ("bytes=10-", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=3-2", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes=-", Part::Whole),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
    }
}
