//! Structured logs.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::settings::{Log, LogFormat};

/// Starts logging to the standard error stream. `Err` has the words of a wrong `log.level`.
pub fn start(settings: &Log) -> Result<(), String> {
    let targets: Targets = settings.level.parse().map_err(|error| format!("log.level {:?}: {error}", settings.level))?;
    let registry = tracing_subscriber::registry().with(targets);
    let started = match settings.format {
        LogFormat::Json => registry.with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(stderr)).try_init(),
        LogFormat::Text => {
            // In a file or a journal colours are noise. NO_COLOR: no-color.org.
            let is_coloured = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            registry.with(tracing_subscriber::fmt::layer().with_ansi(is_coloured).with_writer(stderr)).try_init()
        }
    };
    started.map_err(|error| error.to_string())
}
