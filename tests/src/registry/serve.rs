//! The server behind [`Registries`].

use super::{Fault, Package};
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures::stream;
use lockgate_model::{Digest, DigestAlgorithm, Ecosystem};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, task::JoinHandle};

#[derive(Debug, Default)]
struct Shelf {
    packages: BTreeMap<(Ecosystem, String, String), Package>,
    /// Path fragment, fault, how often.
    faults: Vec<(String, Fault, usize)>,
    requests: Vec<String>,
    credentials: Vec<String>,
    base: String,
}

/// Three registries on one loopback address; stops when dropped.
#[derive(Debug)]
pub struct Registries {
    shelf: Arc<Mutex<Shelf>>,
    base: String,
    server: JoinHandle<()>,
}

impl Drop for Registries {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Registries {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let shelf = Arc::new(Mutex::new(Shelf { base: base.clone(), ..Shelf::default() }));
        let routes = Router::new()
            .route("/npm/{name}", get(packument))
            .route("/npm/-/npm/v1/attestations/{release}", get(npm_attestations))
            .route("/npm/{name}/-/{file}", get(npm_tarball))
            .route("/npm/{scope}/{name}/-/{file}", get(npm_scoped_tarball))
            .route("/pypi/simple/{name}/", get(simple))
            .route("/pypi/files/{file}", get(pypi_file))
            .route("/cargo/config.json", get(cargo_config))
            .route("/cargo/{a}/{name}", get(index_short))
            .route("/cargo/{a}/{b}/{name}", get(index))
            .route("/cargo-dl/{name}/{version}/download", get(crate_file))
            .layer(middleware::from_fn_with_state(Arc::clone(&shelf), misbehave))
            .with_state(Arc::clone(&shelf));
        let server = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("the listener stays open");
        });
        Self { shelf, base, server }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The registry's address for a configuration.
    pub fn url(&self, ecosystem: Ecosystem) -> String {
        match ecosystem {
            Ecosystem::Npm => format!("{}/npm/", self.base),
            Ecosystem::Pypi => format!("{}/pypi/simple/", self.base),
            Ecosystem::Cargo => format!("{}/cargo/", self.base),
        }
    }

    /// Publishes, or republishes with other bytes.
    pub fn publish(&self, package: &Package) {
        let key = (package.ecosystem, package.name.clone(), package.version.clone());
        self.lock().packages.insert(key, package.clone());
    }

    /// Makes the next `times` requests whose path contains `fragment` misbehave.
    pub fn fail(&self, fragment: &str, fault: Fault, times: usize) {
        self.lock().faults.push((fragment.to_owned(), fault, times));
    }

    /// Ends all misbehaviour.
    pub fn recover(&self) {
        self.lock().faults.clear();
    }

    /// Paths that were asked for, in order.
    pub fn requests(&self) -> Vec<String> {
        self.lock().requests.clone()
    }

    /// Values of `Authorization` that came with requests.
    pub fn credentials(&self) -> Vec<String> {
        self.lock().credentials.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().expect("no thread panics while it holds the shelf")
    }
}

type Shared = State<Arc<Mutex<Shelf>>>;

async fn misbehave(State(shelf): Shared, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let fault = {
        let mut shelf = shelf.lock().expect("no thread panics while it holds the shelf");
        shelf.requests.push(path.clone());
        let credentials = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        shelf.credentials.extend(credentials.map(str::to_owned));
        let due = shelf.faults.iter_mut().find(|(fragment, _, times)| *times > 0 && path.contains(fragment.as_str()));
        due.map(|(_, fault, times)| {
            *times -= 1;
            *fault
        })
    };
    match fault {
        None => next.run(request).await,
        Some(Fault::Status(status)) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Html) => ([(header::CONTENT_TYPE, "text/html")], "<html>sign in</html>").into_response(),
        Some(Fault::Unavailable { retry_after }) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, retry_after.to_string())]).into_response()
        }
        Some(fault @ (Fault::Truncate | Fault::Overstate | Fault::FlipByte)) => {
            spoil(fault, next.run(request).await).await
        }
    }
}

async fn spoil(fault: Fault, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.expect("our own body can be read");
    if fault == Fault::FlipByte {
        let mut bytes = whole.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        return Response::from_parts(parts, Body::from(bytes));
    }
    let (sent, stated) = match fault {
        Fault::Overstate => (whole.clone(), whole.len() * 2),
        _ => (whole.slice(..whole.len() / 2), whole.len()),
    };
    let sent: Result<Bytes, std::io::Error> = Ok(sent);
    let broken = Err(std::io::Error::other("the connection breaks"));
    let mut response = Response::new(Body::from_stream(stream::iter([sent, broken])));
    *response.status_mut() = parts.status;
    response.headers_mut().insert(header::CONTENT_LENGTH, stated.into());
    response
}

fn releases(shelf: &Arc<Mutex<Shelf>>, ecosystem: Ecosystem, name: &str) -> (String, Vec<Package>) {
    let shelf = shelf.lock().expect("no thread panics while it holds the shelf");
    let found = shelf.packages.values().filter(|p| p.ecosystem == ecosystem && p.name == name).cloned().collect();
    (shelf.base.clone(), found)
}

fn bytes_of(shelf: &Arc<Mutex<Shelf>>, wanted: impl Fn(&Package) -> bool) -> Response {
    let shelf = shelf.lock().expect("no thread panics while it holds the shelf");
    match shelf.packages.values().find(|p| wanted(p)) {
        Some(package) => package.artifact().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn packument(State(shelf): Shared, Path(name): Path<String>) -> Response {
    let (base, found) = releases(&shelf, Ecosystem::Npm, &name);
    if found.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let versions: serde_json::Map<String, Value> = found
        .iter()
        .map(|p| {
            let mut dist = json!({
                "tarball": format!("{base}/npm/{name}/-/{}", p.file_name()),
                "integrity": p.integrity(),
                "shasum": Digest::of(DigestAlgorithm::Sha1, &p.artifact()).hex(),
            });
            if p.attestations().is_some() {
                let release = format!("{name}@{}", p.version);
                dist["attestations"] = json!({ "url": format!("{base}/npm/-/npm/v1/attestations/{release}") });
            }
            (
                p.version.clone(),
                json!({ "name": name, "version": p.version, "license": p.license_claim(), "dist": dist }),
            )
        })
        .collect();
    Json(json!({ "name": name, "dist-tags": {}, "versions": versions, "time": {} })).into_response()
}

async fn npm_attestations(State(shelf): Shared, Path(release): Path<String>) -> Response {
    let shelf = shelf.lock().expect("no thread panics while it holds the shelf");
    let wanted = |p: &&Package| p.ecosystem == Ecosystem::Npm && format!("{}@{}", p.name, p.version) == release;
    match shelf.packages.values().find(wanted).and_then(Package::attestations) {
        Some(document) => document.to_owned().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn npm_tarball(State(shelf): Shared, Path((name, file)): Path<(String, String)>) -> Response {
    bytes_of(&shelf, |p| p.ecosystem == Ecosystem::Npm && p.name == name && p.file_name() == file)
}

async fn npm_scoped_tarball(
    State(shelf): Shared,
    Path((scope, name, file)): Path<(String, String, String)>,
) -> Response {
    let name = format!("{scope}/{name}");
    bytes_of(&shelf, |p| p.ecosystem == Ecosystem::Npm && p.name == name && p.file_name() == file)
}

async fn simple(State(shelf): Shared, Path(name): Path<String>) -> Response {
    let (base, found) = releases(&shelf, Ecosystem::Pypi, &name);
    if found.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let files: Vec<Value> = found
        .iter()
        .map(|p| {
            json!({
                "filename": p.file_name(),
                "url": format!("{base}/pypi/files/{}", p.file_name()),
                "hashes": { "sha256": p.sha256() },
                "size": p.artifact().len(),
                "upload-time": "2024-01-01T00:00:00Z",
                "yanked": false,
            })
        })
        .collect();
    let body = json!({ "meta": { "api-version": "1.1" }, "name": name, "versions": [], "files": files });
    ([(header::CONTENT_TYPE, "application/vnd.pypi.simple.v1+json")], body.to_string()).into_response()
}

async fn pypi_file(State(shelf): Shared, Path(file): Path<String>) -> Response {
    bytes_of(&shelf, |p| p.ecosystem == Ecosystem::Pypi && p.file_name() == file)
}

async fn cargo_config(State(shelf): Shared) -> Json<Value> {
    let base = shelf.lock().expect("no thread panics while it holds the shelf").base.clone();
    Json(json!({ "dl": format!("{base}/cargo-dl/{{crate}}/{{version}}/download"), "api": base }))
}

async fn index_short(state: Shared, Path((_, name)): Path<(String, String)>) -> Response {
    index_lines(&state.0, &name)
}

async fn index(state: Shared, Path((_, _, name)): Path<(String, String, String)>) -> Response {
    index_lines(&state.0, &name)
}

fn index_lines(shelf: &Arc<Mutex<Shelf>>, name: &str) -> Response {
    let (_, found) = releases(shelf, Ecosystem::Cargo, name);
    if found.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let line = |p: &Package| json!({ "name": p.name, "vers": p.version, "deps": [], "cksum": p.sha256(), "features": {}, "yanked": false });
    found.iter().map(|p| line(p).to_string() + "\n").collect::<String>().into_response()
}

async fn crate_file(State(shelf): Shared, Path((name, version)): Path<(String, String)>) -> Response {
    bytes_of(&shelf, |p| p.ecosystem == Ecosystem::Cargo && p.name == name && p.version == version)
}
