//! Development mode's outbox: captchas, SMS and mails as they are sent.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State as Extract,
    http::{HeaderValue, Response, header},
    response::Html,
};

use crate::state::State;

/// How many messages the page shows.
const SHOWN: usize = 100;

/// `/dev/outbox`
pub async fn page(Extract(state): Extract<Arc<State>>) -> Html<String> {
    let entries = state.delivery.outbox.as_ref().and_then(|outbox| outbox.recent(SHOWN).ok()).unwrap_or_default();
    let rows: String = entries
        .iter()
        .map(|entry| {
            let kind = match entry.kind {
                lingpai_providers::outbox::OutboxKind::Captcha => "图形验证码 · captcha",
                lingpai_providers::outbox::OutboxKind::Sms => "短信 · SMS",
                lingpai_providers::outbox::OutboxKind::Email => "邮件 · e-mail",
            };
            format!(
                "<tr><td><time data-ms=\"{}\"></time></td><td>{kind}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
                entry.time,
                escape(if entry.to.is_empty() { &entry.device_id } else { &entry.to }),
                escape(&entry.scene),
                escape(&entry.code),
            )
        })
        .collect();
    Html(include_str!("outbox.html").replace("{rows}", &rows))
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
