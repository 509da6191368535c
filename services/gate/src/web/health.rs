//! What a load balancer, an orchestrator and Prometheus ask.

use super::AppState;
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use lockgate_store::jobs;

/// The process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// The process can do its work: the database answers.
pub(crate) async fn readyz(State(state): State<AppState>) -> impl IntoResponse {
    match state.context.store.ping().await {
        Ok(()) => (StatusCode::OK, "ready".to_owned()),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; see `lockgate doctor`".to_owned())
        }
    }
}

/// Prometheus text format 0.0.4. Asks for a token (role `monitor`): how much of which work waits tells an outsider what to
/// attack, and when.
pub(crate) async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    if let Ok(counts) = jobs::counts(state.context.store.pool()).await {
        for (kind, waiting) in counts {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!("lockgate_jobs_waiting", "kind" => kind).set(waiting as f64);
        }
    }
    ([("content-type", "text/plain; version=0.0.4")], state.metrics.render())
}
