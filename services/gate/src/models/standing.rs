//! A model that stands somewhere, opened from the bytes that the database keeps.
//!
//! The digest by which it is kept is its pin: whoever can write to the table cannot put another model under the name.

use anyhow::Result;
use lockgate_classifier::{Card, Classifier, Error, Library, Model, Settings};
use lockgate_model::{Cause, CauseKind};
use lockgate_store::{
    Store,
    models::{self, Place},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// A model that could not be opened is tried again after this time: memory may have been short.
const AGAIN: Duration = Duration::from_secs(60);

/// A model with its place.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) digest: String,
    pub(crate) place: Place,
    pub(crate) running: Result<Running, Failed>,
}

/// Cheap to clone: the same model.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) service: Arc<Classifier>,
    pub(crate) card: Arc<Card>,
}

/// Why a model does not run.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) cause: Cause,
    at: Instant,
}

impl Standing {
    /// Whether it does not run and is to be tried again.
    pub(crate) fn is_due(&self) -> bool {
        self.running.as_ref().is_err_and(|failed| failed.at.elapsed() >= AGAIN)
    }
}

/// # Errors
/// When the database cannot be read. A model that cannot be opened is an answer.
pub(crate) async fn open(
    store: &Store,
    library: &Library,
    settings: Settings,
    digest: &str,
) -> Result<Result<Running, Failed>> {
    let bytes = models::onnx(store.pool(), digest).await?.unwrap_or_default();
    let (library, pin) = (library.clone(), digest.to_owned());
    let opened = tokio::task::spawn_blocking(move || started(&library, settings, &pin, &bytes)).await?;
    Ok(opened.map_err(|error| failed(digest, &error)))
}

fn started(library: &Library, settings: Settings, digest: &str, bytes: &[u8]) -> Result<Running, Error> {
    let model = Model::from_bytes(library, digest, bytes, digest)?;
    let card = Arc::new(model.card().clone());
    Ok(Running { service: Arc::new(Classifier::start(model, settings)?), card })
}

fn failed(digest: &str, error: &Error) -> Failed {
    metrics::counter!("lockgate_model_open_failures_total").increment(1);
    tracing::error!(model = digest, %error, "the model cannot be opened; `lockgate model` promotes another or rolls back");
    let short = digest.get(..12).unwrap_or(digest);
    let cause = Cause::new(CauseKind::Internal, format!("score a release: the model {short} cannot be opened"))
        .with_remedy("the check is tried again; the server's log says what is wrong with the model");
    Failed { cause, at: Instant::now() }
}
