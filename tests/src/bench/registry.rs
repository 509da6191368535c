//! An npm registry whose answers were made beforehand: what it costs to be one is not what is measured.

use crate::registry::Package;
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use lockgate_model::{Digest, DigestAlgorithm};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Serves until it is dropped.
pub(super) struct Registry {
    pub(super) base: String,
    server: JoinHandle<()>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Registry {
    pub(super) async fn start(packages: &[Package]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let answers = Arc::new(answers(&base, packages));
        let routes = Router::new().fallback(answer).with_state(answers);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                eprintln!("    the registry stopped: {error}");
            }
        });
        Ok(Self { base, server })
    }
}

async fn answer(State(answers): State<Arc<HashMap<String, Bytes>>>, request: Request) -> Response {
    match answers.get(request.uri().path()) {
        Some(body) => body.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// By path: a packument a package, a tarball a version.
fn answers(base: &str, packages: &[Package]) -> HashMap<String, Bytes> {
    let mut answers = HashMap::new();
    let mut documents: BTreeMap<&str, serde_json::Map<String, Value>> = BTreeMap::new();
    for package in packages {
        let (name, artifact) = (package.name.as_str(), package.artifact());
        let path = format!("/npm/{name}/-/{}", package.file_name());
        let dist = json!({
            "tarball": format!("{base}{path}"),
            "integrity": Digest::of(DigestAlgorithm::Sha512, &artifact).sri(),
            "shasum": Digest::of(DigestAlgorithm::Sha1, &artifact).hex(),
        });
        let version = json!({ "name": name, "version": package.version, "license": "MIT", "dist": dist });
        documents.entry(name).or_default().insert(package.version.clone(), version);
        answers.insert(path, artifact.into());
    }
    for (name, versions) in documents {
        let document = json!({ "name": name, "dist-tags": {}, "versions": versions, "time": {} });
        answers.insert(format!("/npm/{name}"), document.to_string().into());
    }
    answers
}
