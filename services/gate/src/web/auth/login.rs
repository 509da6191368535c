//! Signing in and out.
//!
//! With `[auth.oidc]` people go to their provider and come back; without it the page takes a machine token, which then
//! stays out of the browser's storage: the cookie holds a session of its own.

use super::{
    Authorized, MachineToken, SignedIn,
    cookies::Cookie,
    csrf,
    oidc::{Callback, Person, Provider, Refusal},
    secret::Opaque,
};
use crate::web::{
    AppState,
    answers::{self, Audience, page},
};
use anyhow::{Context as _, Result};
use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lockgate_store::access::{
    sessions::{self, Opening, Use},
    tokens,
};
use serde::Deserialize;
use std::time::Duration;

/// How long somebody may take at the provider.
const SIGN_IN: Duration = Duration::from_secs(15 * 60);

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    /// Where to go on to.
    next: &'a str,
    with_provider: bool,
    problem: Option<&'a str>,
    /// Of the refusal.
    code: &'a str,
    signed_in: Option<SignedIn>,
}

#[derive(Debug, Deserialize)]
pub(in crate::web) struct Next {
    #[serde(default)]
    next: String,
}

/// A path of this server; everything else becomes `/`. An open redirect would lend our name to another site.
fn local(next: &str) -> &str {
    let path = next.starts_with('/') && !next[1..].starts_with(['/', '\\']);
    if path && next.len() <= 1000 && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') { next } else { "/" }
}

fn login_page(state: &AppState, status: StatusCode, next: &str, problem: Option<(&str, &str)>) -> Response {
    let template = LoginPage {
        next,
        with_provider: state.provider.is_some(),
        problem: problem.map(|(why, _)| why),
        code: problem.map_or("", |(_, code)| code),
        signed_in: None,
    };
    page(status, &template)
}

pub(in crate::web) async fn show(State(state): State<AppState>, Query(query): Query<Next>) -> Response {
    login_page(&state, StatusCode::OK, local(&query.next), None)
}

/// Sends the browser to the provider.
pub(in crate::web) async fn begin(State(state): State<AppState>, Query(query): Query<Next>) -> Response {
    let next = local(&query.next);
    let Some(provider) = &state.provider else { return Redirect::to("/login").into_response() };
    match send_away(&state, provider, next).await {
        Ok(answer) => answer,
        Err(refusal) => refused(&state, next, &refusal),
    }
}

async fn send_away(state: &AppState, provider: &Provider, next: &str) -> Result<Response, Refusal> {
    let login = Opaque::random().map_err(Refusal::Unreachable)?;
    let url = provider.begin(&login).await?;
    let value = format!("{}.{}", login.expose(), URL_SAFE_NO_PAD.encode(next));
    let mut answer = Redirect::to(url.as_str()).into_response();
    let cookie = Cookie::Login.set(&state.context.config.server, &value, SIGN_IN);
    answer.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(answer)
}

/// The browser comes back.
pub(in crate::web) async fn callback(
    State(state): State<AppState>,
    Query(callback): Query<Callback>,
    headers: HeaderMap,
) -> Response {
    let Some(provider) = &state.provider else { return Redirect::to("/login").into_response() };
    let server = &state.context.config.server;
    let begun = Cookie::Login.read(server, &headers).and_then(begun);
    let next = begun.as_ref().map_or("/", |(_, next)| local(next)).to_owned();
    let done = match begun {
        None => Err(Refusal::State),
        Some((login, _)) => sign_in(&state, provider, &login, &callback, &next).await,
    };
    let mut answer = done.unwrap_or_else(|refusal| refused(&state, &next, &refusal));
    answer.headers_mut().append(header::SET_COOKIE, Cookie::Login.clear(server));
    answer
}

fn begun(cookie: &str) -> Option<(Opaque, String)> {
    let (login, next) = cookie.split_once('.')?;
    Some((Opaque::parse(login)?, String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?))
}

async fn sign_in(
    state: &AppState,
    provider: &Provider,
    login: &Opaque,
    callback: &Callback,
    next: &str,
) -> Result<Response, Refusal> {
    let person = provider.finish(login, callback).await?;
    if state.context.config.auth.grants_of(&person.groups).is_empty() {
        return Err(Refusal::NoGrant);
    }
    let pool = state.context.store.pool();
    let used = sessions::use_login(pool, &login.hash()).await.map_err(|e| Refusal::Unreachable(e.into()))?;
    if used == Use::Again {
        return Err(Refusal::Used);
    }
    let Person { subject, name, groups } = &person;
    open(state, &Opening::Person { subject, name, groups }, next).await.map_err(Refusal::Unreachable)
}

fn refused(state: &AppState, next: &str, refusal: &Refusal) -> Response {
    metrics::counter!("lockgate_sign_ins_refused_total", "why" => refusal.code()).increment(1);
    let status = match refusal {
        Refusal::Unreachable(error) => {
            tracing::error!(error = format!("{error:#}"), "sign somebody in");
            StatusCode::BAD_GATEWAY
        }
        Refusal::NoGrant => StatusCode::FORBIDDEN,
        _ => StatusCode::UNAUTHORIZED,
    };
    tracing::warn!(why = refusal.code(), "refused a sign-in");
    login_page(state, status, next, Some((&refusal.to_string(), refusal.code())))
}

#[derive(Debug, Deserialize)]
pub(in crate::web) struct Pasted {
    token: String,
    #[serde(default)]
    next: String,
}

/// Signs in with a machine token. Who could attack: another site that wants a browser to work under the attacker's
/// token; its form is refused.
pub(in crate::web) async fn with_token(
    State(state): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<Pasted>,
) -> Response {
    if let Err(forged) = csrf::same_site(&headers, &state.context.config.server.public_url) {
        return answers::forged(Audience::People, &forged);
    }
    let next = local(&form.next);
    if state.provider.is_some() {
        let why = "people sign in at the provider here; tokens are for machines";
        return login_page(&state, StatusCode::FORBIDDEN, next, Some((why, "provider")));
    }
    match token_session(&state, &form.token, next).await {
        Ok(Some(answer)) => answer,
        Ok(None) => {
            metrics::counter!("lockgate_sign_ins_refused_total", "why" => "token").increment(1);
            let why = "this is no live token; `lockgate token list` shows them, `lockgate token create` makes one";
            login_page(&state, StatusCode::UNAUTHORIZED, next, Some((why, "token")))
        }
        Err(error) => answers::failed(Audience::People, &error),
    }
}

async fn token_session(state: &AppState, text: &str, next: &str) -> Result<Option<Response>> {
    let Some(token) = MachineToken::parse(text) else { return Ok(None) };
    let Some(found) = tokens::find(state.context.store.pool(), &token.hash()).await? else { return Ok(None) };
    open(state, &Opening::Token { id: found.id, name: &found.name }, next).await.map(Some)
}

/// A new session under a new name: one that was planted before the sign-in is worth nothing.
async fn open(state: &AppState, opening: &Opening<'_>, next: &str) -> Result<Response> {
    let config = &state.context.config;
    let session = Opaque::random()?;
    let lifetime = config.auth.session_lifetime();
    sessions::open(state.context.store.pool(), &session.hash(), opening, lifetime).await.context("open a session")?;
    let mut answer = Redirect::to(next).into_response();
    let cookie = Cookie::Session.set(&config.server, session.expose(), lifetime);
    answer.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(answer)
}

/// Ends the session; the guard has checked that the form is our own.
pub(in crate::web) async fn out(State(state): State<AppState>, _who: Authorized, headers: HeaderMap) -> Response {
    let server = &state.context.config.server;
    if let Some(session) = Cookie::Session.read(server, &headers).and_then(Opaque::parse)
        && let Err(error) = sessions::close(state.context.store.pool(), &session.hash()).await
    {
        return answers::failed(Audience::People, &error.into());
    }
    let mut answer = Redirect::to("/login").into_response();
    answer.headers_mut().append(header::SET_COOKIE, Cookie::Session.clear(server));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_to_this_server_alone() {
        for good in ["/", "/d/1", "/?repository=a%2Fb&outcome=deny"] {
            assert_eq!(local(good), good);
        }
        for bad in
            ["", "//evil.example.test", "/\\evil.example.test", "https://evil.example.test/", "d/1", "/a\nb", "/a b"]
        {
            assert_eq!(local(bad), "/", "{bad:?}");
        }
    }

    #[test]
    fn a_sign_in_under_way_is_read_back() {
        let login = Opaque::random().unwrap();
        let (read, next) = begun(&format!("{}.{}", login.expose(), URL_SAFE_NO_PAD.encode("/d/1"))).unwrap();
        assert!(read.is(login.expose()) && next == "/d/1");
        assert!(begun("x.y").is_none() && begun(login.expose()).is_none());
    }
}
