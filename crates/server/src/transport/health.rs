//! Liveness, readiness, metrics, and the way to them.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State as Extract,
    http::{HeaderValue, Response, StatusCode, header},
    response::{Html, IntoResponse},
};
use serde_json::{Value, json};

use crate::{state::State, telemetry::metrics_endpoint};

/// `/healthz`: the process answers.
pub async fn live() -> &'static str {
    "ok\n"
}

/// `/readyz`: the database answers and takes writes, revocations are up to date, and the host of cloud functions has started
/// if there is one. Redis is told, but without it everything goes on: a node that fails for it would take the others' load
/// with it.
pub async fn ready(Extract(state): Extract<Arc<State>>) -> Response<Body> {
    let database = state.base.store.check().await;
    let revocations = state.sessions.ensure_fresh(&state.base).await;
    let word = |good: bool| if good { "ok" } else { "failing" };
    let functions = state.functions.are_prepared(&state.settings);
    let status = if database.is_ok() && revocations.is_ok() && functions { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if let Err(error) = &database {
        tracing::warn!(%error, "not ready");
    }
    let mut parts = json!({"database": word(database.is_ok()), "revocations": word(revocations.is_ok())});
    if state.settings.functions_host.is_some() {
        parts["functions"] = word(functions).into();
    }
    if let Some(redis) = &state.redis {
        parts["redis"] = word(redis.check().await.is_ok()).into();
    }
    (status, Json(parts)).into_response()
}

/// `/metrics`
pub async fn metrics() -> Response<Body> {
    let mut response = Response::new(Body::from(metrics_endpoint::render()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    response
}

/// `/dev`, and `/` of a program that was built without the hosted pages: says what this is and where
/// to go on.
pub async fn welcome(Extract(state): Extract<Arc<State>>) -> Html<String> {
    let outbox = if state.is_development() { "<li><a href=\"/dev/outbox\">开发信箱 · Development outbox</a></li>" } else { "" };
    let pages = if super::pages::are_built() {
        "<li><a href=\"/\">登录页面 · Sign-in page</a></li>"
    } else {
        "<li><span>登录页面尚未构建，请运行 <code>make pages</code> · The sign-in page is not built: run <code>make pages</code></span></li>"
    };
    let page = include_str!("welcome.html").replace("{version}", env!("CARGO_PKG_VERSION"));
    Html(page.replace("{pages}", pages).replace("{outbox}", outbox))
}

/// Everything else.
pub async fn not_found() -> (StatusCode, Json<Value>) {
    (StatusCode::NOT_FOUND, Json(json!({"errCode": "NOT_FOUND", "errMsg": "没有这个地址 · There is nothing at this address."})))
}
