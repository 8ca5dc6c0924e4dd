//! A function as an HTTP service: it checks signatures and tells what it got.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use lingpai_domain::secret::Secret;
use lingpai_server::functions::canonical;
use parking_lot::Mutex;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::kit::*;

pub const KEY: &str = "the key of a function, 32 characters";

pub struct Service {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl Service {
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().fallback(answer).with_state(seen.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, seen, task })
    }

    /// Settings that make it the function `echo`.
    pub fn section(&self, timeout_ms: u32) -> String {
        let address = self.address;
        format!("[[functions]]\nname = \"echo\"\nurl = \"http://{address}/echo?a=1\"\nkey = \"{KEY}\"\ntimeout_ms = {timeout_ms}\n")
    }

    /// The bodies of the requests since the last call.
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.seen.lock())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn is_signed(headers: &HeaderMap, uri: &Uri, body: &[u8]) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let text = canonical(path, header("x-lingpai-timestamp"), header("x-lingpai-nonce"), body);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, Secret::new(KEY).expose().as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, text.as_bytes());
    header("x-lingpai-signature") == format!("v1={}", lingpai_domain::random::to_hex(tag.as_ref()))
}

/// Echoes, unless the event's `mode` asks for something else.
async fn answer(State(seen): State<Arc<Mutex<Vec<Value>>>>, headers: HeaderMap, uri: Uri, body: Bytes) -> Response {
    if !is_signed(&headers, &uri, &body) {
        return (StatusCode::UNAUTHORIZED, "not signed").into_response();
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mode = body["event"]["mode"].as_str().unwrap_or_default().to_owned();
    let echo = json!({"errCode": 0, "event": body["event"], "context": body["context"]});
    seen.lock().push(body);
    match mode.as_str() {
        "thrown" => {
            let error = json!({"error": {"code": "no-stock", "message": "sold out"}});
            (StatusCode::BAD_REQUEST, error.to_string()).into_response()
        }
        "html" => "<html>".into_response(),
        "status" => (StatusCode::INTERNAL_SERVER_ERROR, "oops").into_response(),
        "redirect" => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        "large" => format!("\"{}\"", "x".repeat(5 << 20)).into_response(),
        "slow" => std::future::pending().await,
        "refused" => json!({"errCode": "no-stock", "errMsg": "sold out"}).to_string().into_response(),
        "list" => "[1,2]".into_response(),
        _ => echo.to_string().into_response(),
    }
}
