//! S3's requests through the one builder of clients: `object_store` is compiled without a client of its own.

use async_trait::async_trait;
use http_body_util::BodyExt;
use lockgate_outbound::{Client, Hosts, Settings, refusal};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
    },
};
use std::time::Duration;
use url::Url;

/// Of one exchange, the body included: what takes longer is tried again.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Makes clients that reach one endpoint.
#[derive(Debug)]
pub(crate) struct Transport {
    endpoint: Url,
    user_agent: String,
}

impl Transport {
    pub(crate) fn new(endpoint: &Url, user_agent: &str) -> Self {
        Self { endpoint: endpoint.clone(), user_agent: user_agent.to_owned() }
    }
}

impl HttpConnector for Transport {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        let settings = Settings::new(&self.user_agent).gzip(false).timeout(TIMEOUT);
        let client = Client::new(Hosts::new().with(&self.endpoint), &settings)
            .map_err(|source| object_store::Error::Generic { store: "S3", source: Box::new(source) })?;
        Ok(HttpClient::new(Outbound(client)))
    }
}

#[derive(Debug)]
struct Outbound(Client);

#[async_trait]
impl HttpService for Outbound {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|e| HttpError::new(HttpErrorKind::Unknown, e))?;
        let outgoing = self.0.request(parts.method, &url).map_err(|e| HttpError::new(HttpErrorKind::Unknown, e))?;
        // Held whole already: an object is put from memory.
        let body = body.collect().await?.to_bytes();
        let answer = outgoing.headers(parts.headers).body(body).send().await.map_err(broken)?;
        let (parts, body) = http::Response::<reqwest::Body>::from(answer).into_parts();
        Ok(http::Response::from_parts(parts, HttpResponseBody::new(body.map_err(broken))))
    }
}

/// What a broken exchange is, so that the store knows whether to try it again. The address stays out of the message.
fn broken(error: reqwest::Error) -> HttpError {
    let kind = match () {
        () if refusal(&error).is_some() => HttpErrorKind::Unknown,
        () if error.is_timeout() => HttpErrorKind::Timeout,
        () if error.is_connect() => HttpErrorKind::Connect,
        () if error.is_body() || error.is_request() => HttpErrorKind::Interrupted,
        () => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error.without_url())
}
