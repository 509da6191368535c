//! Answers that are not what was asked for, to people as pages and to programs as JSON. Said in one place, so that a row
//! that is not there and a row of somebody else look the same.

use super::auth::SignedIn;
use askama::Template;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Serialize;
use std::fmt::Display;
use utoipa::ToSchema;

/// Who reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    People,
    Programs,
}

/// Why a request has no answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    message: String,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    message: &'a str,
    signed_in: Option<SignedIn>,
}

pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "render a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page with one sentence, or its JSON.
pub(crate) fn message(audience: Audience, status: StatusCode, title: &str, message: &str) -> Response {
    match audience {
        Audience::Programs => (status, Json(Problem { message: message.to_owned() })).into_response(),
        Audience::People => page(status, &Message { title, message, signed_in: None }),
    }
}

pub(crate) fn missing(audience: Audience, what: &str) -> Response {
    message(audience, StatusCode::NOT_FOUND, "Not here", what)
}

pub(crate) fn unusable(audience: Audience, why: &str) -> Response {
    message(audience, StatusCode::BAD_REQUEST, "That cannot be used", why)
}

/// RFC 9110, section 11.6.1: names the way to authenticate.
pub(crate) fn unauthorized(audience: Audience) -> Response {
    let why = "give a live token (`Authorization: Bearer lgt_...`; `lockgate token create` makes one), or sign in";
    let mut answer = message(audience, StatusCode::UNAUTHORIZED, "Who is asking?", why);
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"lockgate\""));
    answer
}

pub(crate) fn forbidden(audience: Audience) -> Response {
    let why = "your role does not allow this; ask whoever runs this server for another grant";
    message(audience, StatusCode::FORBIDDEN, "Not with this role", why)
}

pub(crate) fn forged(audience: Audience, why: &impl Display) -> Response {
    tracing::warn!(%why, "refused a form");
    message(audience, StatusCode::FORBIDDEN, "Nothing was changed", &why.to_string())
}

pub(crate) fn failed(audience: Audience, error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "answer a request");
    let why = "the server could not answer; its log says why";
    message(audience, StatusCode::INTERNAL_SERVER_ERROR, "Something failed", why)
}
