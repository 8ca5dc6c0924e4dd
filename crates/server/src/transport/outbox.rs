//! Development mode's outbox: captchas, SMS and mails as they are sent.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State as Extract,
    http::{HeaderValue, Response, header},
    response::Html,
};

use lingpai_providers::outbox::{OutboxEntry, OutboxKind};

use crate::state::State;

/// How many messages the page shows.
const SHOWN: usize = 100;

/// `/dev/outbox`
pub async fn page(Extract(state): Extract<Arc<State>>) -> Html<String> {
    let entries = state.delivery.outbox.as_ref().and_then(|outbox| outbox.recent(SHOWN).ok()).unwrap_or_default();
    let mut rows: String = entries.iter().map(row).collect();
    if rows.is_empty() {
        rows = "<li><span class=\"to\">还没有消息 · Nothing has been sent yet</span></li>".to_owned();
    }
    Html(include_str!("outbox.html").replace("{rows}", &rows))
}

fn row(entry: &OutboxEntry) -> String {
    let kind = match entry.kind {
        OutboxKind::Captcha => "图形验证码 · captcha",
        OutboxKind::Sms => "短信 · SMS",
        OutboxKind::Email => "邮件 · e-mail",
    };
    // Mails repeat the code in many words; the JSON lines have them whole.
    let text = if entry.kind == OutboxKind::Sms { escape(&entry.text) } else { String::new() };
    format!(
        "<li><code>{}</code><span class=\"what\">{kind}</span><time datetime=\"{}\"></time>\
         <span class=\"to\">{} · {}</span><span class=\"text\">{text}</span></li>",
        escape(&entry.code),
        entry.time,
        escape(if entry.to.is_empty() { &entry.device_id } else { &entry.to }),
        escape(&entry.scene),
    )
}

/// `/dev/outbox.jsonl`
pub async fn lines(Extract(state): Extract<Arc<State>>) -> Response<Body> {
    let lines = state.delivery.outbox.as_ref().and_then(|outbox| outbox.lines().ok()).unwrap_or_default();
    let mut response = Response::new(Body::from(lines));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl; charset=utf-8"));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
