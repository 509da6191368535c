//! Logs, metrics, traces: set up once, in `main`. Whatever leaves the process here passes
//! [`lockgate_model::redact`]: log lines in `writer`, spans in `exporter`, labels in `metrics`, panics in `panics`.

mod exporter;
mod metrics;
mod panics;
mod writer;

pub use metrics::{Metrics, metrics};
pub use panics::report_panics;

use crate::{config::TelemetryConfig, server::USER_AGENT};
use anyhow::{Context, Result, anyhow};
use lockgate_outbound::Settings;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::time::Duration;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, fmt::MakeWriter, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};
use url::Url;
use writer::{Form, Redacting};

/// Longest time that one batch of spans may take to be sent.
const EXPORT: Duration = Duration::from_secs(10);

/// Flushes what is still buffered when it is dropped.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces
            && let Err(error) = traces.shutdown()
        {
            eprintln!("flush traces: {}", lockgate_model::redact::redact(&error.to_string()));
        }
    }
}

/// Logs to standard error (`RUST_LOG` filters, `info` by default); traces to the OTLP endpoint when one is configured.
///
/// # Errors
/// When the OTLP exporter cannot be built.
pub fn init(config: &TelemetryConfig) -> Result<Telemetry> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let form = if config.json { Form::Json } else { Form::Text };
    let logs = log_layer(std::io::stderr, form);
    let traces = config.otlp_endpoint.as_ref().map(trace_provider).transpose()?;
    let spans = traces.as_ref().map(|t| tracing_opentelemetry::layer().with_tracer(t.tracer("lockgate")));
    tracing_subscriber::registry().with(filter).with(logs).with(spans).try_init().context("set up logging")?;
    Ok(Telemetry { traces })
}

/// Lines of `form` to `sink`. Without colours: their escapes would stand between a name and its value.
fn log_layer<S, W>(sink: W, form: Form) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Redacting::new(sink, form));
    match form {
        Form::Text => lines.boxed(),
        Form::Json => lines.json().boxed(),
    }
}

fn trace_provider(endpoint: &Url) -> Result<SdkTracerProvider> {
    let context = || format!("set up traces to {}", lockgate_outbound::shown(endpoint));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint.as_str())
        .with_http_client(client(endpoint).with_context(context)?)
        .build()
        .with_context(context)?;
    let resource = Resource::builder().with_service_name("lockgate").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter::Redacting(exporter)).with_resource(resource).build())
}

/// The exporter sends from a thread of its own, so its client must be made outside of the runtime, too.
fn client(endpoint: &Url) -> Result<reqwest::blocking::Client> {
    let endpoint = endpoint.clone();
    let made = std::thread::spawn(move || {
        let rules = lockgate_outbound::Hosts::new().with(&endpoint);
        rules.check(&endpoint)?;
        anyhow::Ok(lockgate_outbound::blocking(&endpoint, &Settings::new(USER_AGENT).timeout(EXPORT))?)
    });
    made.join().map_err(|_| anyhow!("the client could not be made"))?
}
