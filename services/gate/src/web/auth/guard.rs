//! Stands before each route that is not open.
//!
//! Who could attack: whoever reaches the address, another web site in a signed-in person's browser, and a principal that
//! asks for more than it was granted. Each is refused here, before the handler runs.

use super::{
    Principal,
    authenticate::{Answer, Proof, authenticate},
    csrf,
};
use crate::web::{
    AppState,
    access_log::{self, Reading},
    answers::{self, Audience},
    routes::Access,
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use lockgate_store::access::Scope;

/// Largest form in bytes.
const LARGEST_FORM: usize = 64 * 1024;

/// The principal of a request whose route's permission it holds, and where it holds it.
#[derive(Debug, Clone)]
pub(in crate::web) struct Authorized {
    pub(in crate::web) principal: Principal,
    /// The installations in which the route's permission is held: read through it, and through nothing else.
    pub(in crate::web) scope: Scope,
    /// For the page's head; `None` where there is no session, as with a bearer token.
    pub(in crate::web) signed_in: Option<SignedIn>,
}

/// What a page shows about who is signed in.
#[derive(Debug, Clone)]
pub(in crate::web) struct SignedIn {
    pub(in crate::web) name: String,
    pub(in crate::web) roles: String,
    /// The value that this session's forms carry.
    pub(in crate::web) csrf: String,
}

/// Where a guard stands.
#[derive(Debug, Clone)]
pub(in crate::web) struct Post {
    pub(in crate::web) state: AppState,
    pub(in crate::web) access: Access,
    pub(in crate::web) audience: Audience,
}

pub(in crate::web) async fn guard(State(post): State<Post>, request: Request, next: Next) -> Response {
    let mut request = match admit(&post, request).await {
        Ok(request) => request,
        Err(refusal) => return *refusal,
    };
    let asking = request.extensions().get::<Authorized>().cloned();
    let reading = match &asking {
        Some(asking) => Reading::of(&post.state, post.access, asking, &mut request).await,
        None => None,
    };
    let Some(reading) = reading else { return next.run(request).await };
    // What must be noted is, or it is not shown.
    if let Err(error) = reading.begin(&post.state).await {
        return answers::failed(post.audience, &error);
    }
    let answer = next.run(request).await;
    reading.end(&post.state.access_log, answer.status());
    answer
}

/// The request with its [`Authorized`], or the answer that it gets instead.
async fn admit(post: &Post, mut request: Request) -> Result<Request, Box<Response>> {
    let config = &post.state.context.config;
    let pool = post.state.context.store.pool();
    let (principal, proof) = match authenticate(pool, &config.auth, &config.server, request.headers()).await {
        Ok(Answer::Known(principal, proof)) => (principal, proof),
        Ok(Answer::Nobody) => return Err(Box::new(nobody(post.audience, &request))),
        Ok(Answer::Refused) => return Err(Box::new(answers::unauthorized(post.audience))),
        Err(error) => return Err(Box::new(answers::failed(post.audience, &error))),
    };
    let scope = match post.access {
        Access::Open | Access::SignedIn => Scope::nothing(),
        Access::Needs(permission) => match principal.scope(permission) {
            Some(scope) => scope,
            None => {
                access_log::refused(&post.state, &principal, &mut request).await;
                return Err(Box::new(answers::forbidden(post.audience)));
            }
        },
    };
    if let Proof::Cookie(session) = &proof
        && !request.method().is_safe()
    {
        let forged = |why| Box::new(answers::forged(post.audience, &why));
        csrf::same_site(request.headers(), &config.server.public_url).map_err(forged)?;
        let (head, body) = buffered(request).await.map_err(|status| Box::new(status.into_response()))?;
        csrf::carries(&body, session).map_err(forged)?;
        request = Request::from_parts(head, Body::from(body));
    }
    let signed_in = match &proof {
        Proof::Bearer => None,
        Proof::Cookie(session) => Some(SignedIn {
            name: principal.name().to_owned(),
            roles: principal.roles(),
            csrf: csrf::value(session).expose().to_owned(),
        }),
    };
    request.extensions_mut().insert(Authorized { principal, scope, signed_in });
    Ok(request)
}

/// Pages send a person to the sign-in and back; programs are told.
fn nobody(audience: Audience, request: &Request) -> Response {
    if audience == Audience::People && request.method() == Method::GET {
        let wanted = request.uri().path_and_query().map_or("/", |p| p.as_str());
        let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        return Redirect::to(&format!("/login?next={next}")).into_response();
    }
    answers::unauthorized(audience)
}

async fn buffered(request: Request) -> Result<(Parts, Bytes), StatusCode> {
    let (head, body) = request.into_parts();
    let form = head.headers.get(header::CONTENT_TYPE).is_some_and(|t| t == "application/x-www-form-urlencoded");
    if !form {
        // A session's only changes are forms; programs use a token.
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let body = to_bytes(body, LARGEST_FORM).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok((head, body))
}

impl<S: Send + Sync> FromRequestParts<S> for Authorized {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        // Without a guard before it a handler does not run.
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
