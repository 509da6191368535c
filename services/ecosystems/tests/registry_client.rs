//! The client against a registry on this machine that misbehaves in every way that was thought of.

#![expect(clippy::unwrap_used, reason = "the helpers of tests panic as tests do")]

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use lockgate_ecosystems::{Client, Limits, RegistryConfig, Secret};
use lockgate_model::{CauseKind, Ecosystem, PublishedFile, PublishedFileKind, Release};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

/// What the registry was asked, in order: path, and the headers that matter.
type Log = Arc<Mutex<Vec<(String, Option<String>, Option<String>)>>>;

struct Registry {
    url: Url,
    log: Log,
}

impl Registry {
    async fn start() -> Self {
        let log = Log::default();
        let app = axum::Router::new()
            .route("/npm/{name}", get(metadata))
            .route("/npm/-/npm/v1/keys", get(keys))
            .route("/files/{name}", get(file))
            .with_state(Arc::clone(&log));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/npm/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, log }
    }

    fn config(&self) -> RegistryConfig {
        RegistryConfig {
            ecosystem: Ecosystem::Npm,
            url: self.url.clone(),
            artifact_hosts: Vec::new(),
            token: Some(Secret::new("s3cret")),
            limits: Limits {
                metadata_bytes: 10_000,
                artifact_bytes: 1_000,
                timeout: Duration::from_millis(500),
                retries: 2,
                backoff: Duration::from_millis(1),
            },
        }
    }

    fn client(&self) -> Client {
        Client::new(vec![self.config()], "lockgate-test").unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|(path, ..)| path.clone()).collect()
    }

    fn file(&self, name: &str) -> PublishedFile {
        file_at(self.url.join(&format!("/files/{name}")).unwrap())
    }
}

fn file_at(url: Url) -> PublishedFile {
    PublishedFile {
        file: "a-1.0.0.tgz".into(),
        kind: PublishedFileKind::NpmTarball,
        url,
        digests: Vec::new(),
        size: None,
        signatures: Vec::new(),
        attestations: None,
    }
}

fn release() -> Release {
    Release::new(Ecosystem::Npm, "a", "1.0.0")
}

fn packument(name: &str) -> String {
    serde_json::json!({"name": name, "versions": {"1.0.0": {"license": "MIT"}}}).to_string()
}

async fn metadata(State(log): State<Log>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let header = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let before = {
        let mut log = log.lock().unwrap();
        log.push((name.clone(), header(header::AUTHORIZATION), header(header::IF_NONE_MATCH)));
        log.iter().filter(|(asked, ..)| *asked == name).count() - 1
    };
    match name.as_str() {
        "missing" => StatusCode::NOT_FOUND.into_response(),
        "private" => StatusCode::UNAUTHORIZED.into_response(),
        "teapot" => StatusCode::IM_A_TEAPOT.into_response(),
        "down" => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "shaky" if before == 0 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "busy" if before == 0 => (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response(),
        "html" => ([(header::CONTENT_TYPE, "text/html")], "<html>Please sign in</html>").into_response(),
        "huge" => "x".repeat(10_001).into_response(),
        "slow" => {
            tokio::time::sleep(Duration::from_millis(50)).await;
            packument(&name).into_response()
        }
        "hanging" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            packument(&name).into_response()
        }
        "tagged" if headers.contains_key(header::IF_NONE_MATCH) => StatusCode::NOT_MODIFIED.into_response(),
        "tagged" => ([(header::ETAG, "\"v1\"")], packument(&name)).into_response(),
        "stubborn" => StatusCode::NOT_MODIFIED.into_response(),
        _ => packument(&name).into_response(),
    }
}

async fn keys(State(log): State<Log>) -> Response {
    let mut log = log.lock().unwrap();
    log.push(("keys".to_owned(), None, None));
    match log.len() {
        1 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => r#"{"keys":[]}"#.into_response(),
    }
}

async fn file(Path(name): Path<String>) -> Response {
    let to = |place: &str| (StatusCode::FOUND, [(header::LOCATION, place.to_owned())]).into_response();
    match name.as_str() {
        "good" => "artifact".into_response(),
        "encoded" => ([(header::CONTENT_ENCODING, "gzip")], "taken as it is").into_response(),
        "large" => "x".repeat(1_001).into_response(),
        "endless" => {
            let chunks =
                futures::stream::repeat_with(|| Ok::<_, std::convert::Infallible>(Bytes::from_static(&[0; 100])));
            Body::from_stream(chunks).into_response()
        }
        "moved" => to("/files/good"),
        "ring" => to("/files/ring"),
        "away" => to("http://evil.example.test/files/good"),
        "nowhere" => StatusCode::FOUND.into_response(),
        other => match other.strip_prefix("to-port-") {
            Some(port) => to(&format!("http://127.0.0.1:{port}/x")),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

/// A server that answers every connection with these bytes and closes it; gives what it was asked.
async fn raw(answer: &'static [u8]) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = connection.read(&mut request).await.unwrap_or_default();
            log.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).to_lowercase());
            let _ = connection.write_all(answer).await;
        }
    });
    (port, asked)
}

#[tokio::test]
async fn a_package_is_read_and_remembered() {
    let registry = Registry::start().await;
    let client = registry.client();
    let package = client.package(Ecosystem::Npm, "a").await.unwrap();
    assert_eq!(package.releases[0].claims.license.as_deref(), Some("MIT"));
    client.package(Ecosystem::Npm, "a").await.unwrap();
    assert_eq!(registry.asked(), ["a"]);
    assert_eq!(registry.log.lock().unwrap()[0].1.as_deref(), Some("Bearer s3cret"));
    assert_eq!(client.release(&release()).await.unwrap().release, release());
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let registry = Registry::start().await;
    let client = registry.client();
    let missing = client.package(Ecosystem::Npm, "missing").await.unwrap_err();
    assert_eq!(missing.kind, CauseKind::NotFound);
    assert_eq!(registry.asked(), ["missing"], "it is not tried again");
    let version = client.release(&Release::new(Ecosystem::Npm, "a", "9.9.9")).await.unwrap_err();
    assert_eq!(version.kind, CauseKind::NotFound);
    assert!(version.message.starts_with("npm a 9.9.9: the registry has the package, but not this version"));
    let pypi = client.package(Ecosystem::Pypi, "a").await.unwrap_err();
    assert_eq!(pypi.kind, CauseKind::NotConfigured);
}

#[tokio::test]
async fn names_that_would_leave_the_registry_are_not_asked_for() {
    let registry = Registry::start().await;
    let client = registry.client();
    for name in ["..", "../files/good", "", "a?b", "a\nb"] {
        let cause = client.package(Ecosystem::Npm, name).await.unwrap_err();
        assert_eq!(cause.kind, CauseKind::Malformed, "{name:?}");
    }
    assert!(registry.asked().is_empty());
}

#[tokio::test]
async fn passing_failures_are_tried_again_and_lasting_ones_are_not() {
    let registry = Registry::start().await;
    let client = registry.client();
    assert!(client.package(Ecosystem::Npm, "shaky").await.is_ok());
    let start = std::time::Instant::now();
    assert!(client.package(Ecosystem::Npm, "busy").await.is_ok());
    assert!(start.elapsed() >= Duration::from_secs(1), "Retry-After is honoured");
    let down = client.package(Ecosystem::Npm, "down").await.unwrap_err();
    assert!(down.message.starts_with("fetch npm down: registry answered 503 three times in "), "{down}");
    assert_eq!(down.kind, CauseKind::Upstream);
    for (name, kind) in
        [("private", CauseKind::NotConfigured), ("teapot", CauseKind::Upstream), ("stubborn", CauseKind::Malformed)]
    {
        let cause = client.package(Ecosystem::Npm, name).await.unwrap_err();
        assert_eq!(cause.kind, kind, "{cause}");
        assert_eq!(registry.asked().iter().filter(|asked| *asked == name).count(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_hanging_registry_is_a_timeout() {
    let registry = Registry::start().await;
    let cause = registry.client().package(Ecosystem::Npm, "hanging").await.unwrap_err();
    assert_eq!(cause.kind, CauseKind::Timeout);
    assert!(cause.message.starts_with("fetch npm hanging: no answer within 500ms three times in "), "{cause}");
}

#[tokio::test]
async fn an_unreachable_registry_is_upstream_s_fault() {
    let registry = Registry::start().await;
    let mut config = registry.config();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    config.url = Url::parse(&format!("http://{free}/")).unwrap();
    let client = Client::new(vec![config], "lockgate-test").unwrap();
    let cause = client.package(Ecosystem::Npm, "a").await.unwrap_err();
    assert_eq!(cause.kind, CauseKind::Upstream);
    assert!(cause.message.contains("cannot connect to the registry"), "{cause}");
}

#[tokio::test]
async fn html_and_too_much_are_named() {
    let registry = Registry::start().await;
    let client = registry.client();
    let html = client.package(Ecosystem::Npm, "html").await.unwrap_err();
    assert_eq!(html.kind, CauseKind::Malformed);
    assert!(html.message.contains("it looks like HTML"), "{html}");
    let huge = client.package(Ecosystem::Npm, "huge").await.unwrap_err();
    assert_eq!(huge.kind, CauseKind::LimitExceeded);
    assert!(huge.message.contains("larger than the limit of 10000 bytes"), "{huge}");
}

#[tokio::test]
async fn attestations_that_are_promised_must_be_there() {
    let registry = Registry::start().await;
    let client = registry.client();
    let promised = |name: &str| PublishedFile {
        attestations: Some(registry.url.join(&format!("/files/{name}")).unwrap()),
        ..registry.file("good")
    };
    assert_eq!(client.attestations(&release(), &registry.file("good")).await.unwrap(), None);
    let there = client.attestations(&release(), &promised("good")).await.unwrap();
    assert_eq!(there.as_deref(), Some(&b"artifact"[..]));
    for (name, kind) in [("gone", CauseKind::NotFound), ("away", CauseKind::HostNotAllowed)] {
        let cause = client.attestations(&release(), &promised(name)).await.unwrap_err();
        assert_eq!(cause.kind, kind, "{cause}");
        assert!(cause.message.contains("the attestations of npm a 1.0.0 a-1.0.0.tgz"), "{cause}");
    }
}

#[tokio::test]
async fn keys_are_asked_for_once_and_not_where_there_are_none() {
    let registry = Registry::start().await;
    let client = registry.client();
    for _ in 0..2 {
        assert_eq!(client.signing_keys(Ecosystem::Npm).await.unwrap().as_deref(), Some(&br#"{"keys":[]}"#[..]));
    }
    assert_eq!(registry.asked(), ["keys", "keys"], "once, after a failure that passed");
    let mut config = registry.config();
    config.url = registry.url.join("/files/").unwrap();
    let without = Client::new(vec![config], "lockgate-test").unwrap();
    assert_eq!(without.signing_keys(Ecosystem::Npm).await.unwrap(), None);
}

#[tokio::test]
async fn a_known_answer_is_asked_for_by_its_tag() {
    let registry = Registry::start().await;
    let client = registry.client().fresh_for(Duration::ZERO).unwrap();
    let first = client.package(Ecosystem::Npm, "tagged").await.unwrap();
    let second = client.package(Ecosystem::Npm, "tagged").await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    let tags: Vec<_> = registry.log.lock().unwrap().iter().map(|(.., tag)| tag.clone()).collect();
    assert_eq!(tags, [None, Some("\"v1\"".to_owned())]);
}

#[tokio::test]
async fn concurrent_calls_share_one_request() {
    let registry = Registry::start().await;
    let client = registry.client();
    let calls = (0..20).map(|_| client.package(Ecosystem::Npm, "slow"));
    assert!(futures::future::join_all(calls).await.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(registry.asked(), ["slow"]);
}

#[tokio::test]
async fn artifacts_are_fetched_as_they_are() {
    let registry = Registry::start().await;
    let client = registry.client();
    for (name, content) in [("good", "artifact"), ("moved", "artifact"), ("encoded", "taken as it is")] {
        assert_eq!(client.artifact(&release(), &registry.file(name)).await.unwrap(), content, "{name}");
    }
}

#[tokio::test]
async fn artifacts_stay_within_bounds() {
    let registry = Registry::start().await;
    let client = registry.client();
    for name in ["large", "endless"] {
        let cause = client.artifact(&release(), &registry.file(name)).await.unwrap_err();
        assert_eq!(cause.kind, CauseKind::LimitExceeded, "{name}: {cause}");
    }
    let stated = |size| PublishedFile { size: Some(size), ..registry.file("good") };
    assert!(client.artifact(&release(), &stated(8)).await.is_ok());
    assert_eq!(client.artifact(&release(), &stated(9)).await.unwrap_err().kind, CauseKind::Malformed);
    assert_eq!(client.artifact(&release(), &stated(1_001)).await.unwrap_err().kind, CauseKind::LimitExceeded);
}

#[tokio::test]
async fn redirects_lead_only_where_the_operator_allows() {
    let registry = Registry::start().await;
    let client = registry.client();
    let away = client.artifact(&release(), &registry.file("away")).await.unwrap_err();
    assert_eq!(away.kind, CauseKind::HostNotAllowed);
    assert!(away.to_string().contains("evil.example.test") && away.to_string().contains("artifact_hosts"), "{away}");
    for (name, kind) in [("ring", CauseKind::Upstream), ("nowhere", CauseKind::Malformed)] {
        assert_eq!(client.artifact(&release(), &registry.file(name)).await.unwrap_err().kind, kind, "{name}");
    }
    let direct = file_at(Url::parse("https://evil.example.test/a.tgz").unwrap());
    assert_eq!(client.artifact(&release(), &direct).await.unwrap_err().kind, CauseKind::HostNotAllowed);
}

#[tokio::test]
async fn the_token_stays_with_the_registry() {
    let registry = Registry::start().await;
    let (port, asked) = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await;
    let mut config = registry.config();
    config.artifact_hosts = vec![format!("127.0.0.1:{port}")];
    let client = Client::new(vec![config], "lockgate-test").unwrap();
    let bytes = client.artifact(&release(), &registry.file(&format!("to-port-{port}"))).await.unwrap();
    assert_eq!(bytes, "ok");
    let url = Url::parse(&format!("http://user:pass@127.0.0.1:{port}/x")).unwrap();
    client.artifact(&release(), &file_at(url)).await.unwrap();
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(!asked.iter().any(|request| request.contains("authorization")), "{asked:?}");
}

#[tokio::test]
async fn a_length_that_lies_is_malformed() {
    let registry = Registry::start().await;
    for (answer, kind) in [
        (&b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nshort"[..], CauseKind::Malformed),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\nconnection: close\r\n\r\nx", CauseKind::LimitExceeded),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n5\r\nab", CauseKind::Upstream),
        (b"HTTP/1.1 200 OK\r\ncontent-", CauseKind::Upstream),
        (b"", CauseKind::Upstream),
    ] {
        let (port, _) = raw(answer).await;
        let mut config = registry.config();
        config.artifact_hosts = vec![format!("127.0.0.1:{port}")];
        let client = Client::new(vec![config], "lockgate-test").unwrap();
        let url = Url::parse(&format!("http://127.0.0.1:{port}/x")).unwrap();
        let cause = client.artifact(&release(), &file_at(url)).await.unwrap_err();
        assert_eq!(cause.kind, kind, "{cause}");
    }
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let registry = Registry::start().await;
    let config = registry.config();
    assert!(!format!("{config:?}{:?}", registry.client()).contains("s3cret"));
    let twice = Client::new(vec![config.clone(), config], "lockgate-test").unwrap_err();
    assert_eq!(twice.kind, CauseKind::NotConfigured);
}
