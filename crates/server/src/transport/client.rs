//! The uniCloud client protocol: `POST /client`, as unmodified uni-app clients speak it.
//!
//! Errors of functions travel as data of a successful answer; errors of the protocol itself as
//! `error.code` and `error.message`, which the client throws with our words.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State as Extract,
    http::{HeaderMap, Method, Request, Response, StatusCode, header, request::Parts},
};
use lingpai_secure::envelope::SecretType;
use serde_json::{Map, Value, json};

use lingpai_domain::{
    client::Source,
    error::{Code, Error},
};

use super::{body, client_space, cors, files, pages_settings, peer, reply};
use crate::{
    answer::spoken_error,
    call::Call,
    config::settings::Space,
    functions,
    methods::registry,
    pipeline::{self, clientdb},
    secure_network::{self, Inbound, Refused, Secured},
    state::State,
    words::{Locale, Words},
};

const INVOKE: &str = "serverless.function.runtime.invoke";
const AUTHORISE: &str = "serverless.auth.user.anonymousAuthorize";
/// On this the client authorises again and repeats the call once.
const INVALID_TOKEN: &str = "GATEWAY_INVALID_TOKEN";

/// A failure of the protocol: status, `error.code`, `error.message`.
pub(super) struct Failure(pub(super) StatusCode, pub(super) String, pub(super) String);

impl Failure {
    pub(super) fn new(status: StatusCode, error: &Error, locale: Locale) -> Self {
        Self(status, error.code.wire().to_owned(), Words::built_in().message(locale, error))
    }

    fn bad(error: &Error) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, Locale::default())
    }
}

/// Answers a request of the client protocol.
pub async fn handle(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if parts.method == Method::OPTIONS {
        return cors::preflight(&state.settings, &parts.headers);
    }
    let request_id = state.base.random.hex(16);
    // Put together by moving: an answer can be large, and `json!` copies.
    let (status, succeeded, name, value) = match answer(&state, &parts, body, &request_id).await {
        Ok(data) => (StatusCode::OK, true, "data", data),
        Err(Failure(status, code, message)) => (status, false, "error", json!({"code": code, "message": message})),
    };
    let answer = Map::from_iter([("success".to_owned(), Value::Bool(succeeded)), (name.to_owned(), value)]);
    reply::json(&state.settings, &parts.headers, &request_id, status, &answer)
}

async fn answer(state: &State, parts: &Parts, body: Body, request_id: &str) -> Result<Value, Failure> {
    if parts.method != Method::POST {
        return Err(Failure::new(StatusCode::METHOD_NOT_ALLOWED, &Code::UnsupportedRequest.into(), Locale::default()));
    }
    let wrong = |field: &'static str| Failure::bad(&Error::new(Code::InvalidParam).with("param", field));
    let bytes = body::read(&state.settings, body).await.map_err(|error| {
        let Failure(_, code, message) = wrong("body");
        Failure(error.status(), code, message)
    })?;
    let Ok(Value::Object(envelope)) = serde_json::from_slice(&bytes) else { return Err(wrong("body")) };
    let space = authenticate(state, &parts.headers, &envelope)?;
    match envelope.get("method").and_then(Value::as_str) {
        Some(AUTHORISE) => Ok(json!({"accessToken": client_space::authorise(space, state.base.clock.now_ms())})),
        Some(INVOKE) => {
            let params = envelope.get("params").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
            let Some(Value::Object(params)) = params else { return Err(wrong("params")) };
            invoke(state, parts, space, params, request_id).await
        }
        Some(method) if method.starts_with(files::METHODS) => {
            let params = envelope.get("params").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
            let Some(Value::Object(params)) = params else { return Err(wrong("params")) };
            let info = client_info_header(&parts.headers).into();
            let call = files::call(&parts.headers, &parts.extensions, state, method, request_id, info);
            refuse_other_apps(space, &call)?;
            let is_authorised = envelope.get("token").and_then(Value::as_str).is_some_and(|token| !token.is_empty());
            files::answer(state, call, &parts.headers, is_authorised, &method[files::METHODS.len()..], &params).await
        }
        other => {
            let method = other.unwrap_or_default().chars().take(64).collect::<String>();
            Err(Failure::bad(&Error::new(Code::MethodNotFound).with("function", "client").with("method", method)))
        }
    }
}

fn authenticate<'a>(state: &'a State, headers: &HeaderMap, envelope: &Map<String, Value>) -> Result<&'a Space, Failure> {
    let refused = |reason: &'static str| Failure::bad(&Error::new(Code::InvalidSignature).with("reason", reason));
    let id = envelope.get("spaceId").and_then(Value::as_str).unwrap_or_default();
    let mut spaces = state.settings.spaces.iter().chain(std::iter::once(&*pages_settings::OWN_SPACE));
    let space = spaces.find(|space| space.id == id).ok_or_else(|| refused("spaceId"))?;
    let signature = headers.get("x-serverless-sign").map(|value| value.as_bytes()).unwrap_or_default();
    if !client_space::is_signed(space, envelope, signature) {
        return Err(refused("x-serverless-sign"));
    }
    let now = state.base.clock.now_ms();
    let is_near = |tolerance: Duration| {
        let timestamp = envelope.get("timestamp").and_then(Value::as_i64);
        timestamp.is_some_and(|timestamp| u128::from(now.saturating_sub(timestamp).unsigned_abs()) <= tolerance.as_millis())
    };
    if state.settings.server.client_clock_tolerance.is_some_and(|tolerance| !is_near(tolerance)) {
        return Err(refused("timestamp"));
    }
    match envelope.get("token").and_then(Value::as_str) {
        Some(token) if !token.is_empty() && !client_space::is_authorised(space, token, state.base.clock.now_ms()) => {
            Err(Failure(StatusCode::OK, INVALID_TOKEN.to_owned(), INVALID_TOKEN.to_owned()))
        }
        _ => Ok(space),
    }
}

/// Through the gate of the secure network to the function, and back.
async fn invoke(state: &State, parts: &Parts, space: &Space, mut params: Map<String, Value>, request_id: &str) -> Result<Value, Failure> {
    let function = params.get("functionTarget").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !is_built_in(&function) && state.functions.find(&function).is_none() {
        return run(state, parts, space, params, Secured::default(), request_id).await;
    }
    let mut args = match params.remove("functionArgs") {
        Some(Value::Object(args)) => args,
        _ => Map::new(),
    };
    if !args.contains_key("clientInfo") {
        args.insert("clientInfo".into(), client_info_header(&parts.headers));
    }
    let locale = Locale::from_client(args.get("clientInfo").and_then(|info| info.get("locale")).and_then(Value::as_str));
    let ip = peer::client_ip(&state.settings, parts.extensions.get(), &parts.headers).to_string();
    let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned);
    let inbound = Inbound { space_id: &space.id, function: &function, args, origin, ip: &ip, request_id };
    let mut admitted = match secure_network::admit(state, inbound).await {
        Ok(admitted) => admitted,
        Err(refused) => return Ok(Value::Object(refused.body(locale))),
    };
    params.insert("functionArgs".into(), std::mem::take(&mut admitted.args).into());
    let result = run(state, parts, space, params, admitted.secured.clone(), request_id).await?;
    admitted.seal(state, result).or_else(|error| Ok(Value::Object(Refused::Failed(error).body(locale))))
}

async fn run(
    state: &State,
    parts: &Parts,
    space: &Space,
    mut params: Map<String, Value>,
    secured: Secured,
    request_id: &str,
) -> Result<Value, Failure> {
    let service = params.get("functionTarget").and_then(Value::as_str).and_then(|name| state.functions.find(name));
    let (mut call, mut args) = facts(
        &mut params,
        Invocation {
            headers: &parts.headers,
            ip: peer::client_ip(&state.settings, parts.extensions.get(), &parts.headers).to_string(),
            request_id,
            secured,
        },
    );
    let locale = call.locale();
    let own_locale = call.client_locale().map(str::to_owned);
    if service.is_none() && !is_built_in(&call.function) {
        let name: String = call.function.chars().take(64).collect();
        return Err(Failure::new(StatusCode::NOT_FOUND, &Error::new(Code::FunctionNotFound).with("function", name), locale));
    }
    refuse_other_apps(space, &call)?;
    if let Some(function) = service {
        let event = event_of(args, &call);
        let result = functions::invoke(state, &function, &call, event, None).await;
        return result.map_err(|failure| match failure {
            functions::Failure::Thrown { code, message } => Failure(StatusCode::OK, code, message),
            functions::Failure::Other(status, error) => Failure::new(status, &error, locale),
        });
    }
    call.params = own_params(&call.function, &mut args);
    match tokio::time::timeout(state.settings.server.request_timeout, pipeline::answer(state, call)).await {
        Ok(body) => Ok(Value::Object(body)),
        Err(_) => Ok(Value::Object(spoken_error(&Code::ServerBusy.into(), &state.speech(own_locale.as_deref())))),
    }
}

/// Whether the program itself has a function.
fn is_built_in(function: &str) -> bool {
    registry::has_function(function) || clientdb::canonical(function) == clientdb::FUNCTION
}

/// What a function of the project gets as its event: the arguments, and the token where somebody is logged in.
fn event_of(mut event: Map<String, Value>, call: &Call) -> Map<String, Value> {
    event.remove("uniIdToken");
    if let Some(token) = call.token.as_ref().filter(|token| !token.is_empty()) {
        event.insert("uniIdToken".into(), token.clone().into());
    }
    event
}

fn refuse_other_apps(space: &Space, call: &Call) -> Result<(), Failure> {
    let app = call.client_info.text("appId");
    if app.is_some_and(|app| !space.allows(app)) {
        let error = Error::new(Code::InvalidParam).with("param", "clientInfo.appId");
        return Err(Failure::new(StatusCode::FORBIDDEN, &error, call.locale()));
    }
    Ok(())
}

/// What a call has besides its parameters.
pub struct Invocation<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The client's address.
    pub ip: String,
    /// Names the call.
    pub request_id: &'a str,
    /// What the gate of the secure network found out.
    pub secured: Secured,
}

/// Reads the parameters of an invocation: `{functionTarget, functionArgs}`.
pub fn decode(params: &mut Map<String, Value>, invocation: Invocation<'_>) -> Call {
    let (mut call, mut args) = facts(params, invocation);
    call.params = own_params(&call.function, &mut args);
    call
}

/// What the program's own functions take of the arguments.
fn own_params(function: &str, args: &mut Map<String, Value>) -> Option<Value> {
    // clientDB has its parts beside each other where other functions have arguments.
    if function == clientdb::FUNCTION { Some(Value::Object(std::mem::take(args))) } else { first(args.remove("params")) }
}

/// The call without its parameters, and the arguments without `clientInfo`.
fn facts(params: &mut Map<String, Value>, invocation: Invocation<'_>) -> (Call, Map<String, Value>) {
    let mut args = match params.remove("functionArgs") {
        Some(Value::Object(args)) => args,
        _ => Map::new(),
    };
    let function = clientdb::canonical(params.get("functionTarget").and_then(Value::as_str).unwrap_or_default()).to_owned();
    let mut client_info = args.remove("clientInfo").unwrap_or_else(|| client_info_header(invocation.headers));
    if let Value::Object(info) = &mut client_info {
        // The server's to say, never the client's.
        info.remove("secretType");
        if invocation.secured.secret_type != SecretType::None {
            info.insert("secretType".into(), invocation.secured.secret_type.as_str().into());
        }
    }
    let token = token(&args, invocation.headers);
    let call = Call {
        function,
        method: args.get("method").and_then(Value::as_str).unwrap_or_default().to_owned(),
        params: None,
        client_info: client_info.into(),
        token,
        source: Source::Client,
        ip: invocation.ip,
        user_agent: peer::user_agent(invocation.headers),
        request_id: invocation.request_id.to_owned(),
        secured: invocation.secured,
        signed: None,
    };
    (call, args)
}

/// The first of a method's arguments: the methods here take one.
fn first(params: Option<Value>) -> Option<Value> {
    match params {
        Some(Value::Array(arguments)) => arguments.into_iter().next(),
        _ => None,
    }
}

/// The caller's token: the call's own wins over the header's.
fn token(args: &Map<String, Value>, headers: &HeaderMap) -> Option<String> {
    match args.get("uniIdToken") {
        Some(token) => token.as_str().map(str::to_owned),
        None => headers.get("x-client-token").and_then(|value| value.to_str().ok()).filter(|token| !token.is_empty()).map(str::to_owned),
    }
}

/// `x-client-info`: percent-encoded JSON, about 1.1 KB.
fn client_info_header(headers: &HeaderMap) -> Value {
    let text = headers.get("x-client-info").map(|value| percent_decode(value.as_bytes())).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// What encodeURIComponent made of a text; broken escapes stay as they are.
fn percent_decode(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        let escape =
            tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escape {
            Some(value) if byte == b'%' => {
                decoded.push(value);
                rest = &tail[2..];
            }
            _ => {
                decoded.push(byte);
                rest = tail;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_escapes_are_decoded_and_broken_ones_kept() {
        assert_eq!(percent_decode(b"%7B%22a%22%3A1%7D"), b"{\"a\":1}");
        assert_eq!(percent_decode(b"%E4%B8%AD%"), "中%".as_bytes());
        assert_eq!(percent_decode(b"%zz%4"), b"%zz%4");
    }
}
