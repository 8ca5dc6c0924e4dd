//! Calling methods of a test's program, in both wire forms.

use anyhow::{Context, Result};
use lingpai_domain::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::{SPACE, TestApp};
use crate::{
    client_protocol::{ObjectCall, wrap},
    replay::request::Request,
};

/// A call of a method.
#[derive(Clone, Debug)]
pub struct Call {
    function: String,
    method: String,
    params: Option<Value>,
    client_info: Value,
    token: Option<String>,
    headers: Vec<(String, String)>,
    by_client: bool,
}

impl Call {
    /// A call of `uni-id-co` from a browser, without parameters, logged out, in the URL form.
    pub fn new(method: &str) -> Self {
        Self {
            function: "uni-id-co".into(),
            method: method.into(),
            params: Some(json!({})),
            client_info: json!({"uniPlatform": "web", "appId": "__UNI__TEST", "deviceId": "test-device"}),
            token: None,
            headers: vec![("content-type".into(), "application/json".into()), ("user-agent".into(), "lingpai-testkit".into())],
            by_client: false,
        }
    }

    /// Of another function.
    pub fn function(mut self, function: &str) -> Self {
        self.function = function.into();
        self
    }

    /// With these parameters.
    pub fn params(mut self, params: Value) -> Self {
        self.params = Some(params);
        self
    }

    /// Without a field for parameters.
    pub fn without_params(mut self) -> Self {
        self.params = None;
        self
    }

    /// By a user.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.into());
        self
    }

    /// With another field of `clientInfo`; `null` removes it.
    pub fn client_info(mut self, field: &str, value: impl Into<Value>) -> Self {
        match (self.client_info.as_object_mut(), value.into()) {
            (Some(info), Value::Null) => {
                info.remove(field);
            }
            (Some(info), value) => {
                info.insert(field.to_owned(), value);
            }
            (None, _) => {}
        }
        self
    }

    /// From this device.
    pub fn device(self, id: &str) -> Self {
        self.client_info("deviceId", id)
    }

    /// From this address, as the trusted proxy in front of the program tells it.
    pub fn from_ip(self, ip: &str) -> Self {
        self.header("x-forwarded-for", ip)
    }

    /// With this header instead of another of its name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.into(), value.into()));
        self
    }

    /// By the uniCloud client protocol.
    pub fn by_client(mut self) -> Self {
        self.by_client = true;
        self
    }

    fn request(self, now_ms: i64) -> Request {
        let mut headers = self.headers;
        let (path, body) = if self.by_client {
            let call = ObjectCall {
                function: &self.function,
                method: &self.method,
                params: self.params.into_iter().collect(),
                client_info: self.client_info,
                token: self.token.as_deref(),
            };
            let envelope = wrap(&call, SPACE, now_ms);
            headers.extend(envelope.headers.into_iter().map(|(name, value)| (name.to_owned(), value)));
            ("/client".to_owned(), envelope.body)
        } else {
            let mut body = json!({"clientInfo": self.client_info});
            if let Some(token) = self.token {
                body["uniIdToken"] = token.into();
            }
            if let Some(params) = self.params {
                body["params"] = params;
            }
            (format!("/{}/{}", self.function, self.method), body.to_string())
        };
        Request { method: "POST".into(), path, headers, body }
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The method's answer (of the client protocol: its `data`); `null` if it was not JSON.
    pub body: Value,
}

impl Reply {
    /// `errCode`: 0 or a text.
    pub fn code(&self) -> Value {
        self.body.get("errCode").cloned().unwrap_or_default()
    }

    /// `newToken.token`.
    ///
    /// # Errors
    /// If there is none.
    pub fn token(&self) -> Result<String> {
        let token = self.body.pointer("/newToken/token").and_then(Value::as_str);
        token.map(str::to_owned).with_context(|| format!("no newToken in {}", self.body))
    }

    /// `uid`.
    ///
    /// # Errors
    /// If there is none.
    pub fn uid(&self) -> Result<String> {
        self.body.get("uid").and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no uid in {}", self.body))
    }
}

impl TestApp {
    /// Calls a method, logged out.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn call(&self, method: &str, params: Value) -> Result<Reply> {
        self.send(Call::new(method).params(params)).await
    }

    /// Calls a method as a user.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn call_as(&self, token: &str, method: &str, params: Value) -> Result<Reply> {
        self.send(Call::new(method).params(params).token(token)).await
    }

    /// Makes a call.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send(&self, call: Call) -> Result<Reply> {
        self.exchange(call.request(self.clock.now_ms())).await
    }

    /// Sends a request. The answer to one of the client protocol is unwrapped.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn exchange(&self, request: Request) -> Result<Reply> {
        let is_client = request.path == "/client";
        let mut sent = self.http().request(Method::from_bytes(request.method.as_bytes())?, self.url(&request.path)).body(request.body);
        for (name, value) in request.headers {
            sent = sent.header(name, value);
        }
        let response = sent.send().await?;
        let status = response.status().as_u16();
        let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Reply { status, body: if is_client { unwrapped(body) } else { body } })
    }

    /// Asks for a captcha and reads its text where the program keeps it (development mode).
    ///
    /// # Errors
    /// If there is no answer or no captcha.
    pub async fn captcha(&self, scene: &str) -> Result<String> {
        self.captcha_for("test-device", scene).await
    }

    /// The same for another device.
    ///
    /// # Errors
    /// If there is no answer or no captcha.
    pub async fn captcha_for(&self, device: &str, scene: &str) -> Result<String> {
        self.send(Call::new("createCaptcha").params(json!({"scene": scene})).device(device)).await?;
        let rows = self.documents("opendb-verify-codes").await?;
        let is_it = |row: &&serde_json::Map<String, Value>| {
            row.get("device_uuid") == Some(&json!(device)) && row.get("scene") == Some(&json!(scene))
        };
        let row = rows.iter().rev().find(is_it).context("no captcha was stored")?;
        Ok(row.get("code").and_then(Value::as_str).context("a captcha without a text")?.to_owned())
    }
}

/// What the official client makes of an answer of the client protocol.
fn unwrapped(body: Value) -> Value {
    if let Some(error) = body.get("error") {
        return json!({"errCode": error.get("code"), "errMsg": error.get("message")});
    }
    match body {
        Value::Object(mut map) if map.get("success") == Some(&Value::Bool(true)) => map.remove("data").unwrap_or_default(),
        other => other,
    }
}
