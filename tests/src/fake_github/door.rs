//! Where every request comes in: it is recorded, made to fail where a test ordered that, metered, redirected when its
//! repository moved, and held against GitHub's own description, going in and coming out.

use super::{
    Shared,
    contract::Direction,
    control,
    faults::{self, Connection, Fault, FaultTiming},
    rest::{self, Refusal},
    smart_http,
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use std::{sync::Arc, time::Instant};
use tower::ServiceExt;

const BODY_BYTES: usize = 64 << 20;

#[derive(Debug, Clone)]
struct Door {
    shared: Arc<Shared>,
    api: Router,
    git: Router,
}

pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let api = rest::router().with_state(shared.clone());
    let git = smart_http::router().with_state(shared.clone());
    let door = Door { shared: shared.clone(), api, git };
    Router::new().merge(control::router().with_state(shared.clone())).fallback(enter).with_state(door)
}

async fn enter(State(door): State<Door>, ConnectInfo(by): ConnectInfo<Connection>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let met = {
        let mut state = door.shared.state();
        state.requests.push(line.clone());
        state.faults.take(&line)
    };
    let Some((timing, fault)) = met else {
        let begun = Instant::now();
        let answer = door.answer(request).await;
        door.shared.state().busy.push((begun, Instant::now()));
        return answer;
    };
    // The half of an answer needs the whole.
    let answer = match (timing, &fault) {
        (FaultTiming::After, _) | (_, Fault::Truncate) => Some(door.answer(request).await),
        (FaultTiming::Before, _) => None,
    };
    fail(fault, answer, &by).await
}

async fn fail(fault: Fault, answer: Option<Response>, by: &Connection) -> Response {
    match fault {
        Fault::Status(status, headers) => {
            let mut response = Refusal::new(status, "a fault that a test ordered").into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().expect("a header that a test ordered"));
            }
            response
        }
        Fault::Page(status) => {
            let status = StatusCode::from_u16(status).expect("a status that a test ordered");
            (status, [(header::CONTENT_TYPE, "text/html")], "<html>This page is taking too long to load.</html>")
                .into_response()
        }
        Fault::Hang(time) => {
            tokio::time::sleep(time).await;
            by.reset()
        }
        Fault::Reset => by.reset(),
        Fault::Truncate => {
            let body = answer.map_or_else(Body::empty, Response::into_body);
            faults::truncated(axum::body::to_bytes(body, BODY_BYTES).await.unwrap_or_default())
        }
    }
}

impl Door {
    async fn answer(&self, request: Request) -> Response {
        let base = self.shared.options.base_path.trim_end_matches('/');
        let path = request.uri().path();
        if path.ends_with(".git/info/refs") || path.ends_with(".git/git-upload-pack") {
            return self.git(request).await;
        }
        match path.strip_prefix(base) {
            Some(below) if below.starts_with('/') => {
                let below = below.to_owned();
                self.api(request, below).await
            }
            _ => Refusal::new(404, "Not Found").into_response(),
        }
    }

    async fn git(&self, request: Request) -> Response {
        let path = request.uri().path();
        let (repo, tail) = path.split_once(".git/").unwrap_or_default();
        let moved = self.shared.state().moved(repo.trim_start_matches('/')).map(|r| r.name.clone());
        if let Some(name) = moved {
            let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
            let location = format!("{}/{tail}{query}", self.shared.clone_url(&name));
            return (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response();
        }
        dispatch(&self.git, request).await
    }

    /// `path` is below the API's base.
    async fn api(&self, request: Request, path: String) -> Response {
        let query = request.uri().query().unwrap_or_default().to_owned();
        if let Some(location) = self.redirect(&path, &query) {
            let moved = if request.method() == Method::GET { 301 } else { 307 };
            let body = serde_json::json!({"message": "Moved Permanently", "url": location});
            let status = StatusCode::from_u16(moved).expect("a status of this file");
            return (status, [(header::LOCATION, location)], axum::Json(body)).into_response();
        }
        let path = self.present_path(path);
        let told = match rest::meter(&self.shared, request.method(), &path, request.headers()) {
            Ok(told) => told,
            Err(refusal) => return refusal.into_response(),
        };
        let mut response = self.held_to_the_description(request, &path, &query).await;
        response.headers_mut().extend(told);
        let date = self.shared.state().now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        response.headers_mut().insert(header::DATE, date.parse().expect("a time makes a header"));
        response
    }

    /// Where a repository that has another name now is found.
    fn redirect(&self, path: &str, query: &str) -> Option<String> {
        let rest = path.strip_prefix("/repos/")?;
        let mut parts = rest.splitn(3, '/');
        let repo = format!("{}/{}", parts.next()?, parts.next()?);
        let id = self.shared.state().moved(&repo)?.id;
        let tail = parts.next().map_or_else(String::new, |tail| format!("/{tail}"));
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Some(format!("{}repositories/{id}{tail}{query}", self.shared.url()))
    }

    /// `/repositories/ID/...` is `/repos/OWNER/NAME/...`.
    fn present_path(&self, path: String) -> String {
        let Some(rest) = path.strip_prefix("/repositories/") else { return path };
        let (id, tail) = rest.split_once('/').map_or((rest, String::new()), |(id, tail)| (id, format!("/{tail}")));
        let state = self.shared.state();
        match id.parse().ok().and_then(|id: u64| state.repositories.get(&id)) {
            Some(repository) => format!("/repos/{}{tail}", repository.name),
            None => path,
        }
    }

    async fn held_to_the_description(&self, request: Request, path: &str, query: &str) -> Response {
        let (mut parts, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, BODY_BYTES).await else {
            return Refusal::new(400, "Problems reading the request").into_response();
        };
        let method = parts.method.clone();
        if let Some(contract) = self.shared.contract {
            let broken = contract.request(&method, path, query, &body);
            if !broken.is_empty() {
                let errors = broken.iter().map(|violation| violation.what.clone()).collect();
                self.shared.state().violations.extend(broken);
                return rest::invalid(errors).into_response();
            }
        }
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        parts.uri = target.parse::<Uri>().unwrap_or_default();
        let response = dispatch(&self.api, Request::from_parts(parts, Body::from(body))).await;
        self.own_answer(&method, path, response).await
    }

    /// What the fake says itself must be what GitHub's description says, or tests would prove nothing.
    async fn own_answer(&self, method: &Method, path: &str, response: Response) -> Response {
        let Some(contract) = self.shared.contract else { return response };
        let (mut parts, body) = response.into_parts();
        let body: Bytes = axum::body::to_bytes(body, BODY_BYTES).await.unwrap_or_default();
        let drifted = contract.response(method, path, parts.status, &body);
        if drifted.is_empty() {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            return Response::from_parts(parts, Body::from(body));
        }
        let first = drifted.iter().find(|v| v.by == Direction::Answer).map(|v| v.what.clone()).unwrap_or_default();
        self.shared.state().violations.extend(drifted);
        let message = format!("the fake's own answer to {method} {path} is not as GitHub describes it: {first}");
        Refusal::new(500, message).into_response()
    }
}

async fn dispatch(router: &Router, request: Request) -> Response {
    router.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
}
