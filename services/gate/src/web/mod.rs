//! HTTP: webhook intake, pages, JSON API, health.

mod api;
mod health;
mod pages;
mod webhook;

use crate::{
    config::{Config, GithubConfig, read_secret},
    jobs::Context,
};
use anyhow::Result;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    routing::{get, post},
};
use lockgate_github::Secret;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use tower_http::{
    catch_panic::CatchPanicLayer,
    set_header::SetResponseHeaderLayer,
    trace::{DefaultMakeSpan, TraceLayer},
};

/// What handlers share.
#[derive(Debug, Clone)]
pub struct AppState {
    pub(crate) context: Arc<Context>,
    pub(crate) webhook_secrets: Arc<Vec<Secret>>,
    pub(crate) metrics: PrometheusHandle,
}

impl AppState {
    /// # Errors
    /// When a webhook secret cannot be read.
    pub fn new(context: Arc<Context>, metrics: PrometheusHandle) -> Result<Self> {
        let webhook_secrets = Arc::new(webhook_secrets(&context.config)?);
        Ok(Self { context, webhook_secrets, metrics })
    }
}

fn webhook_secrets(config: &Config) -> Result<Vec<Secret>> {
    let files = config.github.as_ref().map(|g: &GithubConfig| g.webhook_secret_files.as_slice()).unwrap_or_default();
    files.iter().map(|file| Ok(Secret::from(read_secret(file)?))).collect()
}

/// Which doors a process opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Intake, pages and workers.
    All,
    /// Intake and pages.
    Intake,
    /// Workers, with health and metrics alone.
    Worker,
}

/// The routes of a role.
pub fn router(state: AppState, role: Role) -> Router {
    let health = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics));
    let doors = match role {
        Role::Worker => Router::new(),
        Role::All | Role::Intake => {
            let limit = state.context.config.server.max_body_bytes;
            let intake =
                Router::new().route("/webhooks/github", post(webhook::receive)).layer(DefaultBodyLimit::max(limit));
            intake.merge(pages::routes()).merge(api::routes())
        }
    };
    let header = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    health
        .merge(doors)
        .with_state(state)
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"))
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http().make_span_with(DefaultMakeSpan::new().level(tracing::Level::INFO)))
}
