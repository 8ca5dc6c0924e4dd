//! Other systems that stand beside this one.

mod accounts;
mod captchas;
mod examples;
mod server_to_server;
mod signatures;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::kit::*;

/// `requestAuthSecret` of the test kit's programs.
const SECRET: &str = "the request secret of test programs";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hmac(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn now(app: &TestApp) -> i64 {
    app.program().state().base.clock.now_ms()
}

/// Version 1 for parameters that are texts and whole numbers.
pub fn sign(secret: &str, nonce: &str, timestamp: &str, params: &Value) -> String {
    let mut pairs: Vec<String> = params
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| match value {
            Value::String(text) => Some(format!("{name}={text}")),
            Value::Number(number) => Some(format!("{name}={number}")),
            _ => None,
        })
        .collect();
    pairs.sort();
    hmac(&format!("{secret}{nonce}"), &format!("{timestamp}{}", pairs.join("&"))).to_uppercase()
}

/// A call with these headers of a signature.
fn with_headers(call: Call, nonce: &str, timestamp: &str, signature: &str) -> Call {
    call.header("uni-id-nonce", nonce).header("uni-id-timestamp", timestamp).header("uni-id-signature", signature)
}

/// A signed call; every one has a nonce of its own.
pub fn signed(app: &TestApp, method: &str, params: Value) -> Call {
    let nonce = app.program().state().base.random.hex(8);
    let timestamp = now(app).to_string();
    let signature = sign(SECRET, &nonce, &timestamp, &params);
    with_headers(Call::new(method).params(params), &nonce, &timestamp, &signature)
}
