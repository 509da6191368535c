//! Logs, metrics, traces: set up once, in `main`.

use crate::config::TelemetryConfig;
use anyhow::{Context, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::sync::OnceLock;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// Bounds of the latency histograms, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

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
            eprintln!("flush traces: {error}");
        }
    }
}

/// Logs to standard error (`RUST_LOG` filters, `info` by default); traces to the OTLP endpoint when one is configured.
///
/// # Errors
/// When the OTLP exporter cannot be built.
pub fn init(config: &TelemetryConfig) -> Result<Telemetry> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let text = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let logs = if config.json { text.json().boxed() } else { text.boxed() };
    let traces = config.otlp_endpoint.as_ref().map(|endpoint| trace_provider(endpoint.as_str())).transpose()?;
    let spans = traces.as_ref().map(|t| tracing_opentelemetry::layer().with_tracer(t.tracer("lockgate")));
    tracing_subscriber::registry().with(filter).with(logs).with(spans).try_init().context("set up logging")?;
    Ok(Telemetry { traces })
}

fn trace_provider(endpoint: &str) -> Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .build()
        .with_context(|| format!("set up traces to {endpoint}"))?;
    let resource = Resource::builder().with_service_name("lockgate").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// The process's metrics; installed at the first call.
///
/// # Errors
/// When another recorder is installed already.
pub fn metrics() -> Result<PrometheusHandle> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .context("set up the histograms")?
        .install_recorder()
        .context("set up metrics")?;
    describe();
    Ok(HANDLE.get_or_init(|| handle).clone())
}

fn describe() {
    metrics::describe_counter!("lockgate_deliveries_total", "Webhook deliveries by event and by what became of them");
    metrics::describe_counter!("lockgate_evidence_total", "Evidence by source: collected now, or remembered");
    metrics::describe_counter!("lockgate_decisions_total", "Decisions by outcome");
    metrics::describe_counter!("lockgate_jobs_total", "Jobs by kind and by how they ended");
    metrics::describe_histogram!("lockgate_job_seconds", "Time one attempt of a job took");
    metrics::describe_gauge!("lockgate_jobs_waiting", "Unfinished jobs by kind");
}
