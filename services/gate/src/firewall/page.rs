//! The page of an answer: why a file was refused, by which evidence. Open to whoever reaches the door, as the refusal
//! itself is; its id is not to be guessed.

use super::Firewall;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use lockgate_store::firewall;
use uuid::Uuid;

pub(super) async fn answer(State(firewall): State<Firewall>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return nothing().await };
    match firewall::get(firewall.shared.context.store.pool(), id).await {
        Ok(Some(judgement)) => {
            let (file, at) = (&judgement.file, judgement.judged_at.format("%Y-%m-%d %H:%M:%SZ"));
            let policy = &judgement.policy_digest;
            let text = format!("{}\n{file}, judged at {at} by the policy {policy}\n", judgement.report.trim_end());
            plain(StatusCode::OK, text)
        }
        Ok(None) => nothing().await,
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "show a page of the firewall");
            plain(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; see `lockgate doctor`\n".to_owned())
        }
    }
}

pub(super) async fn nothing() -> Response {
    let text = "Lockgate's firewall: point npm at npm/, pip and uv at pypi/simple/, cargo at sparse+.../cargo/\n";
    plain(StatusCode::NOT_FOUND, text.to_owned())
}

fn plain(status: StatusCode, text: String) -> Response {
    let heads = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (status, heads, text).into_response()
}
