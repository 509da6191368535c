//! Discovery, authorization, token and keys (OpenID Connect Core and Discovery; RFC 6749; RFC 7636).

use super::{Approval, CLIENT_ID, CLIENT_SECRET, Grant, Lie, Person, State as Inner, lies, lock};
use axum::{
    Form, Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};
use url::Url;

#[derive(Clone)]
struct Stage {
    issuer: Url,
    state: Arc<Mutex<Inner>>,
}

pub(super) fn router(issuer: Url, state: Arc<Mutex<Inner>>) -> Router {
    Router::new()
        .route("/realm/.well-known/openid-configuration", get(discovery))
        .route("/realm/authorize", get(authorize))
        .route("/realm/authorize/as/{name}", get(authorize_as))
        .route("/realm/token", post(token))
        .route("/realm/keys", get(keys))
        .with_state(Stage { issuer, state })
}

async fn discovery(State(stage): State<Stage>) -> Json<serde_json::Value> {
    let issuer = stage.issuer.as_str();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }))
}

async fn keys(State(stage): State<Stage>) -> Json<serde_json::Value> {
    Json(lock(&stage.state).keys.published())
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Authorize {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: String,
    nonce: String,
    code_challenge: String,
    code_challenge_method: String,
}

impl Authorize {
    fn check(&self) -> Result<(), &'static str> {
        let wrong = [
            (self.response_type != "code", "response_type is not code"),
            (self.client_id != CLIENT_ID, "the client is unknown"),
            (!self.scope.split(' ').any(|s| s == "openid"), "the scope openid is missing"),
            (self.code_challenge_method != "S256", "PKCE with S256 is demanded"),
            (self.state.len() < 32 || self.nonce.len() < 32, "state or nonce can be guessed"),
        ];
        wrong.into_iter().find(|(is, _)| *is).map_or(Ok(()), |(_, why)| Err(why))
    }
}

async fn authorize(State(stage): State<Stage>, Query(asked): Query<Authorize>) -> Response {
    if let Err(why) = asked.check() {
        return (StatusCode::BAD_REQUEST, why).into_response();
    }
    let approval = lock(&stage.state).approval.clone();
    match approval {
        Approval::As(person) => approve(&stage, person, asked),
        Approval::Choose(people) => choice(&people, &asked),
    }
}

/// One link a person. Names are the caller's own, not input.
fn choice(people: &[Person], asked: &Authorize) -> Response {
    let parameters: Vec<(String, String)> =
        serde_json::from_value::<serde_json::Map<String, serde_json::Value>>(json!(asked))
            .unwrap_or_default()
            .into_iter()
            .map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned()))
            .collect();
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let query = query.replace('&', "&amp;");
    let links: String = people
        .iter()
        .map(|p| format!("<li><a href=\"authorize/as/{0}?{query}\">{0}</a> ({1})</li>", p.name, p.groups.join(", ")))
        .collect();
    Html(format!("<!doctype html><title>Who are you?</title><h1>Who are you?</h1><ul>{links}</ul>")).into_response()
}

async fn authorize_as(
    State(stage): State<Stage>,
    Path(name): Path<String>,
    Query(asked): Query<Authorize>,
) -> Response {
    if let Err(why) = asked.check() {
        return (StatusCode::BAD_REQUEST, why).into_response();
    }
    let chosen = match &lock(&stage.state).approval {
        Approval::Choose(people) => people.iter().find(|p| p.name == name).cloned(),
        Approval::As(_) => None,
    };
    match chosen {
        Some(person) => approve(&stage, person, asked),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn approve(stage: &Stage, person: Person, asked: Authorize) -> Response {
    let mut state = lock(&stage.state);
    let Ok(mut back) = asked.redirect_uri.parse::<Url>() else { return StatusCode::BAD_REQUEST.into_response() };
    let issuer = match state.lie {
        Lie::AnswerFromAnother => "https://other.example.test/realm",
        _ => stage.issuer.as_str(),
    };
    back.query_pairs_mut().append_pair("state", &asked.state).append_pair("iss", issuer);
    if state.lie == Lie::Denied {
        back.query_pairs_mut().append_pair("error", "access_denied");
        return Redirect::to(back.as_str()).into_response();
    }
    let code = uuid::Uuid::new_v4().to_string();
    back.query_pairs_mut().append_pair("code", &code);
    let grant = Grant { person, redirect_uri: asked.redirect_uri, nonce: asked.nonce, challenge: asked.code_challenge };
    state.codes.insert(code, grant);
    Redirect::to(back.as_str()).into_response()
}

#[derive(Debug, Deserialize)]
struct TokenRequest {
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
}

fn refuse(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

/// RFC 6749, section 2.3.1: both parts are form-encoded.
fn is_our_client(headers: &HeaderMap) -> bool {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(CLIENT_ID), encode(CLIENT_SECRET))));
    headers.get("authorization").is_some_and(|given| given == expected.as_str())
}

async fn token(State(stage): State<Stage>, headers: HeaderMap, Form(asked): Form<TokenRequest>) -> Response {
    if !is_our_client(&headers) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if asked.grant_type != "authorization_code" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let mut state = lock(&stage.state);
    // A code is good for one attempt, whatever comes of it.
    let grant = match state.lie {
        Lie::CodesForEver => state.codes.get(&asked.code).cloned(),
        _ => state.codes.remove(&asked.code),
    };
    let Some(grant) = grant else { return refuse(StatusCode::BAD_REQUEST, "invalid_grant") };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(asked.code_verifier.as_bytes()));
    if grant.redirect_uri != asked.redirect_uri || grant.challenge != challenge {
        return refuse(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let now = chrono::Utc::now().timestamp();
    let claims = json!({
        "iss": stage.issuer.as_str(),
        "sub": format!("subject-of-{}", grant.person.name),
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 300,
        "nonce": grant.nonce,
        "preferred_username": grant.person.name,
        "groups": grant.person.groups,
    });
    let token = lies::token(state.lie, &state.keys, claims);
    Json(json!({ "access_token": "unused", "token_type": "Bearer", "id_token": token })).into_response()
}
