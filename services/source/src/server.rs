//! The server that is asked: how its HTTP is spoken, and what its refusals mean.

use crate::{Secret, SourceError, address, error::describe};
use base64::{Engine, engine::general_purpose::STANDARD};
use gix::protocol::transport::client::blocking_io::http;
use lockgate_model::CommitSha;
use secrecy::ExposeSecret;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use url::Url;

/// Longest wait for one answer or one part of it.
const SILENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server<'a> {
    /// Host and path, for errors.
    pub(crate) name: String,
    pub(crate) url: &'a Url,
    token: Option<&'a Secret>,
}

pub(crate) enum Failure {
    /// The server does not give out what was asked for; its own words, bounded.
    NotGiven(String),
    Other(SourceError),
}

impl<'a> Server<'a> {
    /// # Errors
    /// [`SourceError::Unsupported`] for an address that is not fetched.
    pub(crate) fn new(url: &'a Url, token: Option<&'a Secret>) -> Result<Self, SourceError> {
        Ok(Self { name: address::check(url, token.is_some())?, url, token })
    }

    /// HTTP as we want it: our header, one host and no redirect, no proxy or certificate settings but the operator's
    /// and the system's.
    ///
    /// gix refuses a redirect, with an error that says so, when the request that is redirected was configured. There is
    /// nothing to configure where there is no token, and still it must be: else gix would follow.
    pub(crate) fn transport(&self, timeout: Duration) -> http::Options {
        // Longer than the whole may take, so that it is the whole that is said to have taken too long.
        let silence = SILENCE.min(timeout + Duration::from_secs(1));
        let url = self.url.clone();
        let client = http::reqwest::Options {
            configure_client: Some(Box::new(move |builder| {
                let builder = lockgate_outbound::restrict_blocking(builder, &url).map_err(gix::Error::from_error)?;
                Ok(builder.timeout(silence).connect_timeout(silence))
            })),
            configure_request: Some(Box::new(|_| Ok(()))),
        };
        http::Options {
            extra_headers: self.token.iter().map(|token| format!("Authorization: Basic {}", basic(token))).collect(),
            backend: Some(Arc::new(Mutex::new(client))),
            ..http::Options::default()
        }
    }

    /// Sorts gix's error by its text and class: its types do not tell a missing commit from a missing repository.
    pub(crate) fn sort(&self, error: &gix::Error) -> Failure {
        let message = self.without_token(describe(error));
        let has = |texts: &[&str]| texts.iter().any(|t| message.contains(t));
        let repository = self.name.clone();
        if has(&["not our ref", "unadvertised object", "None of the refspec"]) {
            return Failure::NotGiven(message);
        }
        Failure::Other(if has(&["refusing to follow redirect"]) {
            SourceError::Moved { repository }
        } else if has(&["HTTP status 404", "HTTP status 410"]) {
            SourceError::RepositoryMissing { repository }
        } else if has(&["HTTP status 401", "HTTP status 403"])
            || error.is_unauthenticated()
            || error.is_permission_denied()
        {
            SourceError::Unauthorized { repository }
        } else if error.is_unsupported() {
            SourceError::Unsupported { repository, message }
        } else {
            SourceError::Transient { repository, message }
        })
    }

    pub(crate) fn missing(&self, sha: &CommitSha) -> SourceError {
        SourceError::CommitMissing { repository: self.name.clone(), sha: sha.clone() }
    }

    pub(crate) fn unsupported(&self, message: String) -> SourceError {
        SourceError::Unsupported { repository: self.name.clone(), message }
    }

    /// The token is in no address and no error of gix; this holds if one ever quotes a header.
    fn without_token(&self, mut text: String) -> String {
        for token in self.token.iter().filter(|t| !t.expose_secret().is_empty()) {
            text = text.replace(token.expose_secret(), "***").replace(&basic(token), "***");
        }
        text
    }
}

fn basic(token: &Secret) -> String {
    STANDARD.encode(format!("x-access-token:{}", token.expose_secret()))
}
