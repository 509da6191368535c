//! HTTP: webhook intake, pages, JSON API, health. [`routes`] is the table of all of it, [`auth`] says who may ask.

mod access_log;
mod answers;
mod api;
pub mod auth;
pub(crate) mod connections;
mod headers;
mod health;
mod intake;
mod models;
mod pages;
mod records;
mod routes;
mod scores;
mod waivers;
mod webhook;

pub use routes::{Access, RouteDescription, descriptions};

use crate::{jobs::Context, telemetry::Metrics};
use access_log::AccessLog;
use anyhow::Result;
use auth::Provider;
use axum::Router;
use intake::Intake;
use std::sync::Arc;
use tower_http::{
    catch_panic::CatchPanicLayer,
    trace::{DefaultMakeSpan, TraceLayer},
};

/// What handlers share.
#[derive(Debug, Clone)]
pub struct AppState {
    pub(crate) context: Arc<Context>,
    pub(crate) intake: Intake,
    pub(crate) metrics: Metrics,
    pub(crate) access_log: AccessLog,
    /// Where people sign in; `None`: the sign-in page takes a machine token.
    pub(crate) provider: Option<Arc<Provider>>,
}

impl AppState {
    /// # Errors
    /// When the OpenID provider's section cannot be used, or the system gives no thread.
    pub fn new(context: Arc<Context>, metrics: Metrics) -> Result<Self> {
        let intake = Intake::start(&context.store, context.config.server.intake_bytes)?;
        let access_log = AccessLog::start(context.store.clone());
        let provider = Provider::new(&context.config)?.map(Arc::new);
        Ok(Self { context, intake, metrics, access_log, provider })
    }
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
    let intake = role != Role::Worker;
    let routes = routes::router(&state, intake);
    headers::layered(routes, &state.context.config.server)
        .with_state(state)
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http().make_span_with(DefaultMakeSpan::new().level(tracing::Level::INFO)))
}
