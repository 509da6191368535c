//! The process's metrics.

use anyhow::{Context, Result};
use lockgate_model::redact::redacted;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{fmt, sync::OnceLock};

/// Bounds of the latency histograms, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// What the process counts and measures. Labels pass the redaction: some are what others wrote.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Prometheus text format 0.0.4.
    pub fn render(&self) -> String {
        redacted(self.0.render())
    }
}

/// The process's metrics; installed at the first call.
///
/// # Errors
/// When another recorder is installed already.
pub fn metrics() -> Result<Metrics> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(Metrics(handle.clone()));
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .context("set up the histograms")?
        .install_recorder()
        .context("set up metrics")?;
    describe();
    Ok(Metrics(HANDLE.get_or_init(|| handle).clone()))
}

fn describe() {
    metrics::describe_counter!("lockgate_deliveries_total", "Webhook deliveries by event and by what became of them");
    metrics::describe_counter!("lockgate_evidence_total", "Evidence by source: collected now, or remembered");
    metrics::describe_counter!("lockgate_decisions_total", "Decisions by outcome");
    metrics::describe_counter!("lockgate_jobs_total", "Jobs by kind and by how they ended");
    metrics::describe_histogram!("lockgate_job_seconds", "Time one attempt of a job took");
    metrics::describe_counter!("lockgate_access_log_lost_total", "Readings that the access log could not note");
    metrics::describe_counter!("lockgate_retention_removed_total", "Rows that the retention removed, by rule");
    metrics::describe_gauge!("lockgate_jobs_waiting", "Unfinished jobs by kind");
    metrics::describe_counter!("lockgate_model_open_failures_total", "Attempts to open a model that failed");
    metrics::describe_counter!(
        "lockgate_model_scores_lost_total",
        "Scores that could not be noted, or asked of a shadow"
    );
    metrics::describe_counter!("lockgate_model_rollbacks_total", "Models that were taken back without being asked");
    metrics::describe_gauge!(
        "lockgate_model_drift_psi",
        "Yesterday's distance from the model's card, by what was looked at"
    );
}
