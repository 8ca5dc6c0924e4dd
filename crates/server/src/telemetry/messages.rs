//! Counts of messages, on which operators set alarms.

use lingpai_domain::store::{CodeTarget, SendScope};

const KINDS: [&str; 2] = ["sms", "email"];
const LIMITS: [SendScope; 4] = [SendScope::Target, SendScope::Device, SendScope::Ip, SendScope::App];

/// A target's kind in metrics.
pub const fn kind(target: &CodeTarget) -> &'static str {
    match target {
        CodeTarget::Mobile(_) => KINDS[0],
        CodeTarget::Email(_) => KINDS[1],
    }
}

const fn limit(scope: SendScope) -> &'static str {
    match scope {
        SendScope::Target => "target",
        SendScope::Device => "device",
        SendScope::Ip => "ip",
        SendScope::App => "app",
    }
}

/// A message was handed over.
pub fn sent(kind: &'static str) {
    metrics::counter!("lingpai_messages_total", "kind" => kind).increment(1);
}

/// A limit forbade one.
pub fn refused(kind: &'static str, scope: SendScope) {
    metrics::counter!("lingpai_messages_refused_total", "kind" => kind, "limit" => limit(scope)).increment(1);
}

/// One could not be handed over.
pub fn failed() {
    metrics::counter!("lingpai_messages_failed_total").increment(1);
}

/// Shows all of them from the start: of a counter that begins with its first event an alarm sees no increase.
pub(super) fn begin() {
    for kind in KINDS {
        metrics::counter!("lingpai_messages_total", "kind" => kind).absolute(0);
        for scope in LIMITS {
            metrics::counter!("lingpai_messages_refused_total", "kind" => kind, "limit" => limit(scope)).absolute(0);
        }
    }
    metrics::counter!("lingpai_messages_failed_total").absolute(0);
}
