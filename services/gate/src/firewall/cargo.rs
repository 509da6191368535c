//! cargo's sparse index: a configuration of our own, the index as it is, and crates.

use super::{Firewall, answers, document::Form, judge::Wanted, path};
use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode};
use lockgate_model::Ecosystem;
use serde_json::json;

const CARGO: Ecosystem = Ecosystem::Cargo;

pub(super) async fn answer(State(firewall): State<Firewall>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = "Lockgate: this is a way to install crates; publish to the registry itself";
        return answers::not_here(CARGO, StatusCode::METHOD_NOT_ALLOWED, text);
    }
    let Some(segments) = path::segments(request.uri()) else {
        return answers::not_here(CARGO, StatusCode::BAD_REQUEST, "Lockgate: this address is broken");
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        // No `api`: searching and publishing are the registry's.
        ["config.json"] => {
            Json(json!({ "dl": firewall.address("cargo/dl/{crate}/{version}/download") })).into_response()
        }
        ["dl", name, version, "download"] => {
            let file = format!("{name}-{version}.crate");
            firewall.hand_out(&Wanted { ecosystem: CARGO, name: (*name).to_owned(), file }, request.headers()).await
        }
        [folders @ .., name] if *folders == folders_of(name) => {
            firewall.metadata(Form::CargoIndex, name, request.headers()).await
        }
        _ => answers::not_here(CARGO, StatusCode::NOT_FOUND, "Lockgate: the index has no such file"),
    }
}

/// The folders of a crate's file in an index (The Cargo Book, registry index).
fn folders_of(name: &str) -> Vec<&str> {
    match name.len() {
        0 => Vec::new(),
        1 => vec!["1"],
        2 => vec!["2"],
        3 => [Some("3"), name.get(..1)].into_iter().flatten().collect(),
        _ => [name.get(..2), name.get(2..4)].into_iter().flatten().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_lies_where_the_book_says() {
        for (name, folders) in [
            ("a", &["1"][..]),
            ("ab", &["2"]),
            ("abc", &["3", "a"]),
            ("serde", &["se", "rd"]),
            ("éé", &["\u{e9}", "\u{e9}"]),
        ] {
            assert_eq!(folders_of(name), folders);
        }
        assert!(folders_of("").is_empty());
    }
}
