//! Structured logs.

use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::settings::{Log, LogFormat};

/// Starts logging to the standard error stream. `Err` has the words of a wrong `log.level`.
pub fn start(settings: &Log) -> Result<(), String> {
    let targets: Targets = settings.level.parse().map_err(|error| format!("log.level {:?}: {error}", settings.level))?;
    let registry = tracing_subscriber::registry().with(targets);
    let started = match settings.format {
        LogFormat::Json => {
            registry.with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
        }
        LogFormat::Text => registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).try_init(),
    };
    started.map_err(|error| error.to_string())
}
