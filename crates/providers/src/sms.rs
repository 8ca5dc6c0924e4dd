//! Short messages: by the clouds' services, by a form, or by a webhook behind which whatever SMS service
//! the operator has stands.

pub mod aliyun;
pub mod form;
pub mod tencent;
pub mod vendor;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::{
    clock::Clock,
    messaging::{SendError, Sms, SmsGateway},
    random::to_hex,
    secret::Secret,
};
use reqwest::{Client, Response, Url, header, redirect};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::excerpt::excerpt;

/// The header with the time of sending, in seconds since the Unix epoch.
pub const TIMESTAMP_HEADER: &str = "Lingpai-Timestamp";

/// The header with [`signature`].
pub const SIGNATURE_HEADER: &str = "Lingpai-Signature";

/// More of an answer is not read.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Idle connections kept for the next message.
const MAX_IDLE_CONNECTIONS: usize = 8;

/// What is wrong with the webhook's settings.
#[derive(Debug, thiserror::Error)]
pub enum WebhookOptionsError {
    /// Not an http or https address. The address itself may hold a password, so it is not shown.
    #[error("the SMS webhook is not an http:// or https:// address")]
    Url,
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

/// Hands short messages to `providers.sms.webhook_url`.
///
/// Sends `POST` with `{"smsKey","phone","templateId","data":{…}}`. The application's secret is not
/// sent: it signs the message ([`signature`]), so that the receiver knows who sent it and when.
/// The message counts as taken when the answer is 2xx, is no HTML page (proxies and sign-in walls
/// answer with those), and, where it is a JSON object, says 0 or nothing in `errCode` and `code`.
pub struct WebhookSmsGateway {
    client: Client,
    url: Url,
    clock: Arc<dyn Clock>,
}

impl WebhookSmsGateway {
    /// Prepares the way; nothing is connected yet. `timeout` holds for one message altogether,
    /// connecting and reading the answer included.
    ///
    /// # Errors
    /// [`WebhookOptionsError`] names what is wrong with the settings.
    pub fn new(webhook_url: &str, timeout: Duration, clock: Arc<dyn Clock>) -> Result<Self, WebhookOptionsError> {
        let url = Url::parse(webhook_url).map_err(|_| WebhookOptionsError::Url)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(WebhookOptionsError::Url);
        }
        let client = Client::builder()
            .user_agent(concat!("lingpai/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry the code to an address that the operator did not name.
            .redirect(redirect::Policy::none())
            // Settings decide where messages go, not the environment.
            .no_proxy()
            .connect_timeout(timeout)
            .timeout(timeout)
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .build()
            .map_err(|error| WebhookOptionsError::Client(error.to_string()))?;
        Ok(Self { client, url, clock })
    }
}

#[async_trait]
impl SmsGateway for WebhookSmsGateway {
    async fn send(&self, sms: &Sms) -> Result<(), SendError> {
        // Without a secret anyone could sign.
        if sms.key.is_empty() || sms.secret.is_empty() {
            return Err(SendError::NotConfigured);
        }
        let body = body(sms);
        let timestamp = self.clock.now_s().to_string();
        let signature = signature(&sms.secret, &timestamp, body.as_bytes());
        let mut response = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, &signature)
            .body(body)
            .send()
            .await
            .map_err(unreachable)?;
        let answer = read(&mut response).await?;
        verdict(&response, &answer).map_err(|words| {
            let mut hidden = vec![sms.secret.expose(), sms.mobile.as_str(), signature.as_str()];
            hidden.extend(sms.data.iter().filter(|(name, _)| name == "code").map(|(_, code)| code.as_str()));
            SendError::Refused(excerpt(&words, &hidden))
        })
    }
}

/// Lower-case hex of HMAC-SHA256 with the application's `smsSecret` as key over the timestamp's
/// digits, a line feed and the body. The receiver computes the same, compares in constant time and
/// refuses timestamps far from its own clock.
pub fn signature(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length (RFC 2104, section 2).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return String::new() };
    mac.update(timestamp.as_bytes());
    mac.update(b"\n");
    mac.update(body);
    to_hex(&mac.finalize().into_bytes())
}

fn body(sms: &Sms) -> String {
    let data: Map<String, Value> = sms.data.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    serde_json::json!({"smsKey": sms.key, "phone": sms.mobile, "templateId": sms.template_id, "data": data}).to_string()
}

/// The body, as far as [`MAX_ANSWER_BYTES`] and one byte more.
async fn read(response: &mut Response) -> Result<Vec<u8>, SendError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        let room = MAX_ANSWER_BYTES + 1 - bytes.len();
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if bytes.len() > MAX_ANSWER_BYTES {
            break;
        }
    }
    Ok(bytes)
}

/// Whether the gateway took the message; otherwise what it said.
fn verdict(response: &Response, answer: &[u8]) -> Result<(), String> {
    let status = response.status();
    let text = String::from_utf8_lossy(answer);
    let object: Option<Map<String, Value>> = serde_json::from_slice(answer).ok();
    if !status.is_success() {
        let words = object.as_ref().and_then(words).unwrap_or(&text);
        return Err(format!("HTTP {}: {words}", status.as_u16()));
    }
    if answer.len() > MAX_ANSWER_BYTES {
        return Err(format!("the answer is longer than {MAX_ANSWER_BYTES} bytes"));
    }
    if is_html(response) {
        return Err(format!("an HTML page instead of an answer: {text}"));
    }
    let Some(object) = object else { return Ok(()) };
    match ["errCode", "code"].iter().find_map(|name| object.get(*name).filter(|code| !is_zero(code))) {
        Some(code) => Err(format!("{code}: {}", words(&object).unwrap_or_default())),
        None => Ok(()),
    }
}

fn is_html(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

fn is_zero(code: &Value) -> bool {
    match code {
        Value::Null => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text == "0",
        _ => false,
    }
}

fn words(object: &Map<String, Value>) -> Option<&str> {
    ["errMsg", "message", "msg"].iter().find_map(|name| object.get(*name)?.as_str())
}

/// reqwest's errors show the address, which may hold a password.
fn unreachable(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    SendError::Unreachable(excerpt(&words, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_the_documented_hmac() {
        // printf '1760000000\n{"a":1}' | openssl dgst -sha256 -hmac key
        assert_eq!(
            signature(&Secret::new("key"), "1760000000", br#"{"a":1}"#),
            "4ebdd0b98c5a501dadd1a381f47d9174c3983127288c62b878c2f61b84af34f6"
        );
    }

    #[test]
    fn zero_has_three_spellings() {
        for (code, zero) in [("0", true), ("0.0", true), ("\"0\"", true), ("null", true), ("1", false), ("\"OK\"", false), ("[]", false)] {
            assert_eq!(is_zero(&serde_json::from_str(code).unwrap()), zero, "{code}");
        }
    }
}
