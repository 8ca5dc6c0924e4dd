//! `/metrics` for Prometheus.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts recording, once a process.
pub fn start() {
    RECORDER.get_or_init(|| {
        let buckets = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &buckets)
            .and_then(|builder| builder.install_recorder())
            .inspect(|_| super::messages::begin())
            .inspect_err(|error| tracing::warn!(%error, "metrics are not recorded"))
            .ok()
    });
}

/// Whether what is counted is kept: only after [`start`].
pub fn is_recording() -> bool {
    matches!(RECORDER.get(), Some(Some(_)))
}

/// The text of `/metrics`; empty before [`start`].
pub fn render() -> String {
    match RECORDER.get() {
        Some(Some(handle)) => handle.render(),
        _ => String::new(),
    }
}

/// Drains what histograms gathered; to be called now and then.
pub fn upkeep() {
    if let Some(Some(handle)) = RECORDER.get() {
        handle.run_upkeep();
    }
}
