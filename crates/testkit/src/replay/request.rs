//! From a recorded call to an HTTP request.

use anyhow::Result;
use serde_json::{Map, Value};

use super::{bindings::Bindings, recording::Call, signature};
use crate::client_protocol::{ObjectCall, Space, wrap};

/// The client space of replays.
pub const SPACE: Space<'static> = Space { id: "replay", secret: "replay-secret" };

/// An HTTP request without the server's address.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Request {
    /// Builds the request of a call.
    ///
    /// # Errors
    /// If it needs a placeholder that has no value, or a signature with unknown options.
    pub fn of(call: &Call, bindings: &Bindings) -> Result<Self> {
        if call.by_client() { by_client(call, bindings) } else { by_url(call, bindings) }
    }
}

fn by_url(call: &Call, bindings: &Bindings) -> Result<Request> {
    let body = bindings.resolve(&call.body)?;
    let text = match body.get("$raw").and_then(Value::as_str) {
        Some(raw) => raw.to_owned(),
        None if body.is_null() => String::new(),
        None => body.to_string(),
    };
    Ok(Request {
        method: call.http_method.clone().unwrap_or_else(|| "POST".into()),
        path: format!("/{}/{}{}", call.function(), call.method, bindings.resolve_text(&call.path_suffix)?),
        headers: headers(call, &body, bindings)?,
        body: text,
    })
}

fn by_client(call: &Call, bindings: &Bindings) -> Result<Request> {
    let body = bindings.resolve(&call.body)?;
    let object_call = ObjectCall {
        function: call.function(),
        method: &call.method,
        params: body.get("params").cloned().into_iter().collect(),
        client_info: body.get("clientInfo").cloned().unwrap_or_default(),
        token: body.get("uniIdToken").and_then(Value::as_str),
    };
    let envelope = wrap(&object_call, SPACE, bindings.now_ms());
    let mut headers = headers(call, &body, bindings)?;
    headers.extend(envelope.headers.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(Request { method: "POST".into(), path: "/client".into(), headers, body: envelope.body })
}

/// The headers, with signatures made over what the others and the body have come to.
fn headers(call: &Call, body: &Value, bindings: &Bindings) -> Result<Vec<(String, String)>> {
    let of = |name: &str| call.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    let resolved = |name: &str| of(name).map_or(Ok(String::new()), |value| bindings.resolve_text(value));
    let nothing = Map::new();
    let mut headers = Vec::new();
    for (name, value) in &call.headers {
        let value = if let Some(options) = value.strip_prefix("$signature") {
            let (nonce, timestamp) = (resolved("uni-id-nonce")?, resolved("uni-id-timestamp")?);
            let params = body.get("params").and_then(Value::as_object).unwrap_or(&nothing);
            let secret = bindings.facts.request_auth_secret(bindings.app());
            let external = signature::External { secret, nonce: &nonce, timestamp: &timestamp, params };
            signature::external(&external, &bindings.resolve_text(options)?)?
        } else if let Some(options) = value.strip_prefix("$s2s") {
            let timestamp = resolved("unicloud-s2s-timestamp")?;
            signature::server_to_server(&timestamp, body.as_object().unwrap_or(&nothing), &bindings.resolve_text(options)?)?
        } else {
            bindings.resolve_text(value)?
        };
        // The client's address, as a trusted proxy tells it.
        let name = if name.eq_ignore_ascii_case("x-client-ip") { "x-forwarded-for" } else { name };
        headers.push((name.to_owned(), value));
    }
    Ok(headers)
}
