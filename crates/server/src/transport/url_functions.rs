//! The URL form of a project's own functions: `/http/<function>[/...]`, as uniCloud has it. Only functions that the settings
//! open in this way are there.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State as Extract,
    http::{self, HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lingpai_domain::{
    client::Source,
    client_info::ClientInfo,
    error::{Code, Error},
};
use serde_json::{Map, Value, json};

use super::{body, cors, health, peer, reply};
use crate::{
    call::Call,
    functions::{self, Function},
    secure_network::{self, Secured},
    state::State,
    words::{Locale, Words},
};

/// Headers that an answer may have besides ours.
const MOST_HEADERS: usize = 64;
/// What a function's page may not do unless the function says otherwise: it stands on the origin of the sign-in pages.
const SANDBOX: &str = "sandbox allow-forms allow-popups allow-scripts";

/// Answers a request.
pub async fn handle(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let (name, path) = target(parts.uri.path());
    let Some(function) = state.functions.find(name).filter(|function| function.http) else {
        return health::not_found().await.into_response();
    };
    if parts.method == http::Method::OPTIONS && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return cors::preflight(&state.settings, &parts.headers);
    }
    let request_id = state.base.random.hex(16);
    match answer(&state, &function, &parts, path, body, &request_id).await {
        Ok(result) => composed(&state, &parts.headers, &request_id, result),
        Err(Refusal(status, body)) => reply::json(&state.settings, &parts.headers, &request_id, status, &body),
    }
}

struct Refusal(StatusCode, Map<String, Value>);

impl Refusal {
    fn new(status: StatusCode, code: &str, message: &str) -> Self {
        let error = json!({"code": code, "message": message});
        Self(status, Map::from_iter([("success".to_owned(), false.into()), ("error".to_owned(), error)]))
    }

    fn of(status: StatusCode, error: &Error) -> Self {
        Self::new(status, error.code.wire(), &Words::built_in().message(Locale::default(), error))
    }
}

async fn answer(state: &State, function: &Function, parts: &Parts, path: &str, body: Body, request_id: &str) -> Result<Value, Refusal> {
    let ip = peer::client_ip(&state.settings, parts.extensions.get(), &parts.headers).to_string();
    secure_network::admit_url_form(state, &function.name, "", &ClientInfo::default(), &ip, request_id)
        .map_err(|refused| Refusal(StatusCode::OK, refused.body(Locale::default())))?;
    let bytes = body::read(&state.settings, body)
        .await
        .map_err(|error| Refusal::of(error.status(), &Error::new(Code::InvalidParam).with("param", "body")))?;
    let info = http_info(parts, path, &bytes);
    let call = Call {
        function: function.name.clone(),
        method: String::new(),
        params: None,
        client_info: ClientInfo::default(),
        token: None,
        source: Source::Http,
        ip,
        user_agent: peer::user_agent(&parts.headers),
        request_id: request_id.to_owned(),
        secured: Secured {
            origin: parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned),
            ..Secured::default()
        },
        signed: None,
    };
    functions::invoke(state, function, &call, Map::new(), Some(info)).await.map_err(|failure| match failure {
        functions::Failure::Thrown { code, message } if code == Code::MethodNotFound.wire() => {
            Refusal::new(StatusCode::NOT_FOUND, &code, &message)
        }
        functions::Failure::Thrown { code, message } => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, &code, &message),
        functions::Failure::Other(status, error) => Refusal::of(status, &error),
    })
}

/// Function and the path below it.
fn target(path: &str) -> (&str, &str) {
    let rest = path.strip_prefix("/http/").unwrap_or_default();
    match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    }
}

/// The request as uniCloud describes it to functions.
fn http_info(parts: &Parts, path: &str, body: &[u8]) -> Value {
    let mut headers = Map::new();
    for name in parts.headers.keys() {
        let values: Vec<_> = parts.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        headers.insert(name.as_str().to_owned(), values.join(", ").into());
    }
    let mut query = Map::new();
    for (name, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        let value = Value::from(value.into_owned());
        match query.get_mut(name.as_ref()) {
            None => drop(query.insert(name.into_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    let (text, is_base64) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    json!({
        "path": path,
        "httpMethod": parts.method.as_str(),
        "headers": headers,
        "queryStringParameters": query,
        "body": text,
        "isBase64Encoded": is_base64,
    })
}

/// A function's result as an answer: what it composed itself, a text, or JSON.
fn composed(state: &State, request: &HeaderMap, request_id: &str, result: Value) -> Response<Body> {
    let is_composed = result.get("mpserverlessComposedResponse") == Some(&Value::Bool(true))
        || (result.get("statusCode").is_some() && ["body", "headers"].iter().any(|name| result.get(*name).is_some()));
    let (status, own, kind, bytes) = match result {
        Value::Object(fields) if is_composed => match compose(&fields) {
            Some(answer) => answer,
            None => {
                let error = Error::new(Code::FunctionFailed).with("function", "http");
                let Refusal(status, body) = Refusal::of(StatusCode::BAD_GATEWAY, &error);
                return reply::json(&state.settings, request, request_id, status, &body);
            }
        },
        Value::String(text) => (StatusCode::OK, HeaderMap::new(), "text/plain; charset=utf-8", text.into_bytes()),
        other => (StatusCode::OK, HeaderMap::new(), "application/json; charset=utf-8", other.to_string().into_bytes()),
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    let mut last = None;
    for (name, value) in own {
        // A repeated header has its name once.
        match name.or_else(|| last.clone()) {
            Some(name) if last.as_ref() == Some(&name) => drop(headers.append(name, value)),
            Some(name) => {
                headers.insert(name.clone(), value);
                last = Some(name);
            }
            None => {}
        }
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(reply::REQUEST_ID, id);
    }
    cors::allow(&state.settings, request, headers);
    response
}

type Composed = (StatusCode, HeaderMap, &'static str, Vec<u8>);

/// `{statusCode, headers, body, isBase64Encoded}`; `None` if it is no answer.
fn compose(fields: &Map<String, Value>) -> Option<Composed> {
    let status = match fields.get("statusCode") {
        None | Some(Value::Null) => StatusCode::OK,
        // Below are answers that HTTP itself makes.
        Some(status) => {
            StatusCode::from_u16(status.as_u64()?.try_into().ok()?).ok().filter(|status| (200..600).contains(&status.as_u16()))?
        }
    };
    let mut headers = HeaderMap::new();
    for (name, value) in fields.get("headers").and_then(Value::as_object).into_iter().flatten().take(MOST_HEADERS) {
        let Ok(name) = HeaderName::try_from(name.as_str()) else { continue };
        if is_hop_by_hop(&name) {
            continue;
        }
        let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for value in values.iter().take(MOST_HEADERS) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.append(name.clone(), value);
            }
        }
    }
    let (kind, body) = match fields.get("body") {
        None | Some(Value::Null) => ("text/plain; charset=utf-8", Vec::new()),
        Some(Value::String(text)) if fields.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            ("application/octet-stream", STANDARD.decode(text).ok()?)
        }
        Some(Value::String(text)) => ("text/plain; charset=utf-8", text.clone().into_bytes()),
        Some(other) => ("application/json; charset=utf-8", other.to_string().into_bytes()),
    };
    Some((status, headers, kind, body))
}

/// Headers that are about the connection or about the body's form, which are not a function's to say.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    let connection = [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::UPGRADE, header::TE, header::TRAILER];
    connection.contains(name) || name == "keep-alive" || name.as_str().starts_with("proxy-") || name.as_str().starts_with("access-control-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_a_function_and_what_is_below_it() {
        for (path, expected) in [("/http/f", ("f", "/")), ("/http/f/", ("f", "/")), ("/http/f/a/b", ("f", "/a/b")), ("/other", ("", "/"))] {
            assert_eq!(target(path), expected, "{path}");
        }
    }

    #[test]
    fn composed_answers_say_nothing_about_the_connection() {
        let fields = json!({
            "statusCode": 201,
            "headers": {"Content-Type": "text/html", "set-cookie": ["a=1", "b=2"], "x-number": 1, "Transfer-Encoding": "chunked", "content-length": "9", "bad name": "x", "x-bad": "a\nb"},
            "body": "PGI+", "isBase64Encoded": true,
        });
        let (status, headers, kind, body) = compose(fields.as_object().unwrap()).unwrap();
        assert_eq!((status.as_u16(), kind, body.as_slice()), (201, "application/octet-stream", b"<b>".as_slice()));
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(
            (headers.len(), &headers["x-number"], &headers["content-type"]),
            (4, &"1".parse().unwrap(), &"text/html".parse().unwrap())
        );
    }

    #[test]
    fn what_is_no_status_or_no_base64_is_no_answer() {
        for fields in [
            json!({"statusCode": 99}),
            json!({"statusCode": 101}),
            json!({"statusCode": "x"}),
            json!({"statusCode": 600}),
            json!({"body": "%", "isBase64Encoded": true}),
        ] {
            assert!(compose(fields.as_object().unwrap()).is_none(), "{fields}");
        }
    }
}
