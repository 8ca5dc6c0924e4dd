//! The uniCloud client protocol, as unmodified uni-app clients speak it (`POST /client`).

use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::random::to_hex;
use serde_json::{Map, Value, json};

/// A client space, as a client knows it.
#[derive(Clone, Copy, Debug)]
pub struct Space<'a> {
    /// Its id.
    pub id: &'a str,
    /// The secret that ships in the client: it identifies the space and authenticates nobody.
    pub secret: &'a str,
}

/// A call of a cloud object.
#[derive(Clone, Debug)]
pub struct ObjectCall<'a> {
    /// The cloud object's name: `uni-id-co`.
    pub function: &'a str,
    /// The method's wire name.
    pub method: &'a str,
    /// The method's arguments.
    pub params: Vec<Value>,
    /// What the client says of itself.
    pub client_info: Value,
    /// The uni-id token; `None` when logged out.
    pub token: Option<&'a str>,
}

/// What goes into the HTTP request.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The headers besides content-type.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// Wraps a call. `now_ms`: milliseconds since the Unix epoch.
pub fn wrap(call: &ObjectCall<'_>, space: Space<'_>, now_ms: i64) -> Envelope {
    let mut arguments = json!({"method": call.method, "params": call.params, "clientInfo": call.client_info});
    if let Some(token) = call.token {
        arguments["uniIdToken"] = token.into();
    }
    let params = json!({"functionTarget": call.function, "functionArgs": arguments}).to_string();
    let body = json!({"method": "serverless.function.runtime.invoke", "params": params, "spaceId": space.id, "timestamp": now_ms});
    let signature = body.as_object().map(|body| sign(body, space.secret)).unwrap_or_default();
    Envelope {
        headers: vec![
            ("x-serverless-sign", signature),
            ("x-client-info", encode_uri_component(&call.client_info.to_string())),
            ("x-client-token", call.token.unwrap_or_default().to_owned()),
        ],
        body: body.to_string(),
    }
}

/// The signature of a body: lower-case hex HMAC-MD5 over the truthy fields by name.
pub fn sign(body: &Map<String, Value>, secret: &str) -> String {
    let mut pairs: Vec<String> = Vec::new();
    for (key, value) in body {
        match value {
            Value::String(text) if !text.is_empty() => pairs.push(format!("{key}={text}")),
            Value::Number(number) if number.as_f64() != Some(0.0) => pairs.push(format!("{key}={number}")),
            Value::Bool(true) => pairs.push(format!("{key}=true")),
            _ => {}
        }
    }
    // No key is the beginning of another one, so this is the order of the keys.
    pairs.sort();
    let mut mac = Hmac::<md5::Md5>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(pairs.join("&").as_bytes());
    to_hex(&mac.finalize().into_bytes())
}

/// JavaScript's function of this name (ECMA-262, 19.2.6.4).
pub(crate) fn encode_uri_component(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => {
                encoded.push(byte as char)
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falsy_fields_are_not_signed() {
        let sign = |body: Value| sign(body.as_object().unwrap(), "secret");
        let full = sign(json!({"method": "m", "params": "p", "spaceId": "s", "timestamp": 1}));
        assert_eq!(
            full,
            sign(json!({"timestamp": 1, "spaceId": "s", "params": "p", "method": "m", "token": "", "nothing": null, "zero": 0}))
        );
        assert_ne!(full, sign(json!({"method": "m", "params": "p", "spaceId": "s", "timestamp": 2})));
        assert_eq!(full.len(), 32);
    }

    #[test]
    fn components_of_uris_are_encoded_byte_by_byte() {
        assert_eq!(encode_uri_component("{\"a b\":'中'}"), "%7B%22a%20b%22%3A'%E4%B8%AD'%7D");
    }
}
