//! One call of a service.

use axum::http::StatusCode;
use lingpai_domain::{
    error::{Code, Error},
    limits::Caller,
};
use lingpai_providers::http::{Body, Request, UpstreamError};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Function, sign};
use crate::{
    call::Call,
    pipeline::{self, Bucket, limits::too_many},
    state::State,
    telemetry::{self, Stopwatch},
};

/// The limiter's number for calls of functions; the buckets of methods are below it.
const FUNCTION_CALLS: u16 = 2100;
/// The longest code and message that a service's error may have, characters.
const LONGEST_ERROR: usize = 1000;

/// Why there is no result.
#[derive(Debug)]
pub enum Failure {
    /// The service's own error: the client throws its code and message.
    Thrown {
        /// `error.code`
        code: String,
        /// `error.message`
        message: String,
    },
    /// Anything else, with the HTTP status for it.
    Other(StatusCode, Error),
}

/// Calls the service with `event` (the arguments without `clientInfo`); its answer is the function's result. `http_info` is
/// the request, where one in the URL form led here.
///
/// # Errors
/// [`Failure`]
pub async fn invoke(
    state: &State,
    function: &Function,
    call: &Call,
    event: Map<String, Value>,
    http_info: Option<Value>,
) -> Result<Value, Failure> {
    let started = Stopwatch::start();
    let outcome = exchange(state, function, call, event, http_info).await;
    let code = match &outcome {
        Ok(_) => "0",
        Err(Failure::Thrown { .. }) => "thrown",
        Err(Failure::Other(_, error)) => error.code.wire(),
    };
    telemetry::function_answered(call, &function.name, code, started);
    if let Err(Failure::Other(_, error)) = &outcome {
        let cause = error.source.as_ref().map(ToString::to_string);
        tracing::warn!(request_id = %call.request_id, function = %function.name, code, cause, "a function gave no result");
    }
    outcome
}

async fn exchange(
    state: &State,
    function: &Function,
    call: &Call,
    event: Map<String, Value>,
    http_info: Option<Value>,
) -> Result<Value, Failure> {
    count(state, call)?;
    let failed = |error: UpstreamError| {
        let (status, code) = match &error {
            UpstreamError::TimedOut(_) => (StatusCode::GATEWAY_TIMEOUT, Code::FunctionTimeout),
            UpstreamError::Unreachable(_) | UpstreamError::LeftAlone => (StatusCode::BAD_GATEWAY, Code::FunctionUnavailable),
            _ => (StatusCode::BAD_GATEWAY, Code::FunctionFailed),
        };
        Failure::Other(status, error.with_code(code).with("function", function.name.clone()))
    };
    let Some(upstream) = &function.upstream else {
        return Err(failed(UpstreamError::Unreachable("the host of cloud functions is not running".into())));
    };
    let (user, token_error) = pipeline::present_user(state, call).await;
    let mut context = json!({
        "requestId": call.request_id,
        "spaceId": call.secured.space_id,
        "source": call.source.name(),
        "secretType": call.secured.secret_type,
        "clientIP": call.ip,
        "userAgent": call.user_agent,
        "clientInfo": client_info(call),
        "verifiedClient": call.secured.verified.as_ref().map(|client| client.to_json()),
        "user": user,
        "tokenError": token_error.map(Code::wire),
    });
    if let (Some(context), Some(info)) = (context.as_object_mut(), http_info) {
        context.insert("httpInfo".into(), info);
    }
    let body = serde_json::to_string(&Invocation { function: &function.name, event: &event, context: &context })
        .map_err(|error| Failure::Other(StatusCode::INTERNAL_SERVER_ERROR, Error::internal(error)))?;
    let signed = sign(&function.key, &function.path, body.as_bytes(), state.base.clock.now_ms(), &*state.base.random);
    let headers = [
        ("x-lingpai-timestamp", signed.timestamp.as_str()),
        ("x-lingpai-nonce", signed.nonce.as_str()),
        ("x-lingpai-signature", signed.signature.as_str()),
        ("x-lingpai-request-id", call.request_id.as_str()),
    ];
    let request = Request { path: "", query: &[], headers: &headers, body: Body::Text("application/json", &body) };
    let answer = upstream.call(request).await.map_err(failed)?;
    if answer.expect_success().is_ok() {
        return answer.json().map_err(failed);
    }
    let thrown = answer.json().ok().and_then(|body| thrown(&body));
    Err(thrown.unwrap_or_else(|| failed(UpstreamError::Status(answer.status, "no {\"error\":{\"code\",\"message\"}}".into()))))
}

/// The body of a service's request: written from where its parts are, which can be large.
#[derive(Serialize)]
struct Invocation<'a> {
    function: &'a str,
    event: &'a Map<String, Value>,
    context: &'a Value,
}

fn thrown(body: &Value) -> Option<Failure> {
    let error = body.get("error")?;
    let text = |name: &str| error.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let cut = |text: &str| text.chars().take(LONGEST_ERROR).collect::<String>();
    Some(Failure::Thrown { code: cut(text("code")?), message: cut(text("message").unwrap_or_default()) })
}

fn count(state: &State, call: &Call) -> Result<(), Failure> {
    let ip = call.ip.parse().unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
    let now_ms = state.base.clock.now_ms();
    for (number, rate) in (0u16..).zip(state.guards.rates(Bucket::General)) {
        let counted = state.guards.limiter.count(FUNCTION_CALLS + number.min(15), Caller::address(ip), *rate, now_ms);
        counted.map_err(|wait_ms| Failure::Other(StatusCode::TOO_MANY_REQUESTS, too_many(wait_ms)))?;
    }
    Ok(())
}

/// What the client says of itself, with the server's facts in the place of its claims about them.
fn client_info(call: &Call) -> Value {
    let mut info = call.client_info.to_map();
    info.insert("clientIP".into(), call.ip.clone().into());
    info.insert("userAgent".into(), call.user_agent.clone().into());
    info.insert("source".into(), call.source.name().into());
    info.insert("secretType".into(), call.secured.secret_type.as_str().into());
    info.into()
}
