//! Logs and metrics. What may never appear in them is listed in `docs/` and tested: passwords,
//! codes, captchas, tokens, secrets, whole documents.

pub mod logs;
pub mod messages;
pub mod metrics_endpoint;
mod stopwatch;

pub use stopwatch::Stopwatch;

use lingpai_domain::error::{Blame, Error};

use crate::{
    call::Call,
    methods::{Method, registry},
};

/// Counts an answered call.
pub fn call_succeeded(call: &Call, started: Stopwatch) {
    succeeded(call, started);
    tracing::debug!(request_id = %call.request_id, function = %call.function, method = %call.method, ip = %call.ip, "answered");
}

/// Counts a refused call and logs it as loudly as its blame demands, its cause once.
pub fn call_failed(call: &Call, error: &Error, started: Stopwatch) {
    let code = error.code.wire();
    count(call, code, started);
    let cause = error.source.as_ref().map(ToString::to_string);
    // Names of functions and methods that do not exist are the caller's text: they are cut short.
    let (function, method): (&str, &str) = (cut(&call.function), cut(&call.method));
    let request_id = &call.request_id;
    match error.code.blame() {
        Blame::User => tracing::info!(%request_id, function, method, ip = %call.ip, code, cause, "refused"),
        Blame::Upstream | Blame::Configuration => {
            tracing::warn!(%request_id, function, method, code, cause, args = ?error.args, "refused");
        }
        Blame::Us => tracing::error!(%request_id, function, method, code, cause, "failed"),
    }
}

/// A success counts without looking its labels up, which would be a tenth of a cheap call's own work.
fn succeeded(call: &Call, started: Stopwatch) {
    let Some(registered) = registry::registered(&call.function, &call.method) else { return };
    if !metrics_endpoint::is_recording() {
        return;
    }
    let successes = registered.successes.get_or_init(|| {
        let Method { function, name, .. } = *registered.method;
        Successes {
            calls: metrics::counter!("lingpai_calls_total", "function" => function, "method" => name, "code" => "0"),
            seconds: metrics::histogram!("lingpai_call_seconds", "function" => function, "method" => name),
        }
    });
    successes.calls.increment(1);
    successes.seconds.record(started.seconds());
}

/// Of one method.
pub struct Successes {
    calls: metrics::Counter,
    seconds: metrics::Histogram,
}

fn count(call: &Call, code: &'static str, started: Stopwatch) {
    // Labels come from the registry only, so that callers cannot make new ones.
    let Some(method) = registry::find(&call.function, &call.method) else { return };
    metrics::counter!("lingpai_calls_total", "function" => method.function, "method" => method.name, "code" => code).increment(1);
    metrics::histogram!("lingpai_call_seconds", "function" => method.function, "method" => method.name).record(started.seconds());
}

/// Counts a call of a function that is an HTTP service; its name comes from the settings.
pub fn function_answered(call: &Call, function: &str, code: &'static str, started: Stopwatch) {
    metrics::counter!("lingpai_calls_total", "function" => function.to_owned(), "method" => "", "code" => code).increment(1);
    metrics::histogram!("lingpai_call_seconds", "function" => function.to_owned(), "method" => "").record(started.seconds());
    tracing::debug!(request_id = %call.request_id, function, ip = %call.ip, code, "answered");
}

fn cut(text: &str) -> &str {
    match text.char_indices().nth(64) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
