//! Stand-ins for WeChat, QQ, Alipay and Apple: an HTTP server on loopback whose answers depend on
//! the request only ([`answers`]), and which keeps what it was asked.
//!
//! A provider's base URL points to `/<host>` of it, `providers.weixin.base_url` to
//! `http://127.0.0.1:PORT/api.weixin.qq.com`.

pub mod answers;
pub mod cloud_faces;
pub mod clouds;
pub mod s3;
pub mod strict;

mod weixin;

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch},
    task::JoinHandle,
};

pub use weixin::StrictWeixin;

use crate::replay::jwt::AppleKey;

/// The running server. It stops when this is dropped.
pub struct Upstreams {
    address: SocketAddr,
    state: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    apple: Option<Arc<AppleKey>>,
    weixin: OnceLock<Arc<StrictWeixin>>,
    requests: Mutex<Vec<Value>>,
    faces: strict::Faces,
    fault: watch::Sender<Option<Fault>>,
    pictures: Arc<AsyncMutex<()>>,
    /// What addresses of pictures begin with instead of WeChat's, if that was said.
    picture_base: OnceLock<String>,
}

/// What upstreams do when they do not do what they should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A page in place of JSON, as proxies and sign-in walls answer.
    Html,
    /// Nothing, with HTTP 200.
    Empty,
    /// JSON of another form, with HTTP 200.
    OtherJson,
    /// A refusal of their own, with HTTP 200.
    Refusal,
    /// JSON of four megabytes.
    Huge,
    /// No answer until they do something else.
    Hang,
    /// HTTP 500.
    Broken,
    /// A redirect to somewhere else.
    Redirect,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Html, Self::Empty, Self::OtherJson, Self::Refusal, Self::Huge, Self::Hang, Self::Broken, Self::Redirect];

    fn answer(self, base: &str) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json")];
        match self {
            Self::Html => {
                ([(header::CONTENT_TYPE, "text/html")], "<!doctype html><html><body>Sign in to the Wi-Fi</body></html>").into_response()
            }
            Self::Empty => StatusCode::OK.into_response(),
            Self::OtherJson => (json, r#"{"data": {"ok": true}, "list": [1, 2]}"#).into_response(),
            Self::Refusal => {
                let refusal = json!({
                    "errcode": 45011, "errmsg": "too often", "error": 100_016, "error_description": "no", "ret": 100_016, "msg": "no",
                    "error_response": {"code": "40004", "msg": "no", "sub_code": "isv.x"}, "errCode": "REFUSED", "errMsg": "no",
                    "Code": "Throttling", "Message": "no",
                });
                (json, refusal.to_string()).into_response()
            }
            Self::Huge => (json, format!(r#"{{"errcode":0,"x":"{}"}}"#, "x".repeat(4 * 1024 * 1024))).into_response(),
            // Its answer is waited for elsewhere; this is what comes in the end.
            Self::Hang => StatusCode::BAD_GATEWAY.into_response(),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "oops").into_response(),
            Self::Redirect => (StatusCode::FOUND, [(header::LOCATION, format!("{base}/elsewhere"))]).into_response(),
        }
    }
}

impl Upstreams {
    /// Starts it on a free port. `apple`: whose public key Apple publishes.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start(apple: Option<Arc<AppleKey>>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Shared {
            apple,
            weixin: OnceLock::new(),
            requests: Mutex::default(),
            faces: strict::Faces::default(),
            fault: watch::Sender::new(None),
            pictures: Arc::default(),
            picture_base: OnceLock::new(),
        });
        let router = Router::new().fallback(answer).with_state(state.clone());
        let task = tokio::spawn(async move {
            // It ends by being aborted; there is nobody to tell about anything else.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, state, task })
    }

    /// From now on WeChat is as strict as the real one: see [`StrictWeixin`]. The recordings are not, they
    /// use codes twice.
    pub fn strict_weixin(&self) -> Arc<StrictWeixin> {
        self.state.weixin.get_or_init(Arc::default).clone()
    }

    /// From now on every answer is wrong in this way; `None`: none is.
    pub fn misbehave(&self, fault: Option<Fault>) {
        self.state.fault.send_replace(fault);
    }

    /// From now on WeChat's profiles name pictures of this stand-in's, at loopback.
    pub fn name_pictures_here(&self) {
        let _ = self.state.picture_base.set(self.base_url(answers::PICTURE_HOST));
    }

    /// Pictures are not handed out while this is held.
    pub async fn hold_pictures(&self) -> OwnedMutexGuard<()> {
        self.state.pictures.clone().lock_owned().await
    }

    /// Where a host's stand-in is: `host` is `api.weixin.qq.com`, say.
    pub fn base_url(&self, host: &str) -> String {
        format!("http://{}/{host}", self.address)
    }

    /// The settings that point the program here: their paths and values.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("providers.weixin.base_url", self.base_url("api.weixin.qq.com")),
            ("providers.qq.base_url", self.base_url("api.q.qq.com")),
            ("providers.qq.graph_url", self.base_url("graph.qq.com")),
            ("providers.alipay.gateway_url", self.base_url("openapi.alipay.com/gateway.do")),
            ("providers.apple.keys_url", self.base_url("appleid.apple.com/auth/keys")),
            ("providers.univerify.base_url", self.base_url(strict::UNIVERIFY_HOST)),
            ("providers.frv.base_url", self.base_url(strict::FACE_HOST)),
            ("providers.frv.secret", strict::FACE_SECRET.to_owned()),
        ]
    }

    /// What was asked since the last call, oldest first: `{url, method, data}` with the URL that
    /// the real provider would have seen; of a GET the query is the data.
    pub fn take_requests(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.requests.lock())
    }

    /// Says what a face verification has come to (`SUCCESS`, `FAIL`, `PROCESSING` ...).
    pub fn set_face_verification(&self, certify_id: &str, state: &str) {
        self.state.faces.set(certify_id, state);
    }

    /// What a face verification has come to, if that was said.
    pub fn face_verification(&self, certify_id: &str) -> Option<String> {
        self.state.faces.state(certify_id)
    }
}

impl Drop for Upstreams {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let query = pairs(uri.query().unwrap_or_default());
    let is_json = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.contains("json"));
    let data: Map<String, Value> =
        if is_json { serde_json::from_slice(&body).unwrap_or_default() } else { pairs(&String::from_utf8_lossy(&body)) };
    let place = uri.path().trim_start_matches('/').to_owned();
    shared.requests.lock().push(if method == Method::GET {
        json!({"url": format!("https://{place}"), "method": "GET", "data": query})
    } else {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        json!({"url": format!("https://{place}{query}"), "method": method.as_str(), "data": data})
    });
    let params: Map<String, Value> = query.into_iter().chain(data).collect();
    let asked = strict::Asked { place: &place, params: &params, headers: &headers, body: &body, query: uri.query().unwrap_or_default() };
    let fault = *shared.fault.borrow();
    if let Some(fault) = fault {
        if fault == Fault::Hang {
            let _ = shared.fault.subscribe().wait_for(|now| *now != Some(Fault::Hang)).await;
        }
        return fault.answer("http://127.0.0.1");
    }
    let weixin = shared.weixin.get();
    if let Some(weixin) = weixin {
        if place.ends_with("/stable_token") {
            weixin.hand_out_tokens().await;
        }
        tokio::time::sleep(weixin.present_delay()).await;
    }
    let strict = weixin
        .and_then(|weixin| weixin.answer(&place, &params))
        .or_else(|| strict::answer(&asked, &shared.faces))
        .or_else(|| clouds::answer(&asked, &shared.faces));
    let is_picture = place.starts_with(answers::PICTURE_HOST);
    let _held = if is_picture { Some(shared.pictures.lock().await) } else { None };
    match strict.or_else(|| answers::answer(&place, &params, shared.apple.as_deref())) {
        Some(mut answer) => {
            if place == answers::ALIPAY {
                answer.body = strict::signed_by_alipay(&answer.body);
            }
            if let (false, Some(base)) = (is_picture, shared.picture_base.get()) {
                let text = String::from_utf8_lossy(&answer.body).replace(&format!("https://{}", answers::PICTURE_HOST), base);
                answer.body = text.into_bytes();
            }
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response()
        }
        None => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// The pairs of a query or a form.
fn pairs(text: &str) -> Map<String, Value> {
    let decode = |text: &str| percent_decoded(&text.replace('+', " "));
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (decode(name), Value::String(decode(value))));
    text.split('&').filter_map(pair).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        assert_eq!(Value::Object(pairs("a=1&b=x%20y%E4%B8%AD+z&c=%")), json!({"a": "1", "b": "x y中 z", "c": "%"}));
    }

    #[tokio::test]
    async fn it_answers_over_http_and_keeps_what_it_was_asked() {
        let upstreams = Upstreams::start(None).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/sns/jscode2session?js_code=mp-A&appid=x", upstreams.base_url("api.weixin.qq.com"));
        let body: Value = serde_json::from_str(&http.get(url).send().await.unwrap().text().await.unwrap()).unwrap();
        assert_eq!(body["openid"], "o_mp_A");
        let asked = upstreams.take_requests();
        assert_eq!(
            asked,
            [json!({"url": "https://api.weixin.qq.com/sns/jscode2session", "method": "GET", "data": {"js_code": "mp-A", "appid": "x"}})]
        );
        assert!(upstreams.take_requests().is_empty());
    }
}
