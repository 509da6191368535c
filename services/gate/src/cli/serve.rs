//! `lockgate serve`.

use crate::{config::Config, process, server, telemetry, web::Role};
use anyhow::{Context, Result};
use std::{path::Path, process::ExitCode, sync::Arc};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_enum, default_value = "all")]
    role: Role,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Result<ExitCode> {
    process::keep_memory_private().context("keep secrets out of core dumps")?;
    let config = Config::load(path)?;
    let _telemetry = telemetry::init(&config.telemetry)?;
    telemetry::metrics()?;
    let database = server::database(&config).await?;
    let listen = config.server.listen;
    let context = server::context(config, database.store.clone())?;
    reload_on_hangup(&context)?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen}"))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping: running jobs end first");
    };
    server::serve(context, arguments.role, listener, stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// SIGHUP reads the policy again. One that does not compile is refused, and the old one stays.
fn reload_on_hangup(context: &Arc<crate::jobs::Context>) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let context = Arc::clone(context);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match server::policy(&context.config) {
                Ok(policy) => {
                    context.policy.replace(policy);
                }
                Err(error) => {
                    metrics::counter!("lockgate_policy_reload_failures_total").increment(1);
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the new policy was refused; the old one stays in force"
                    );
                }
            }
        }
    });
    Ok(())
}
