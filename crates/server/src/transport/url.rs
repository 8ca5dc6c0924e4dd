//! The URL form: `POST /uni-id-co/<method>` with `{clientInfo, uniIdToken, params}`
//! (seed 002, "Adapt URL").

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State as Extract,
    http::{self, HeaderMap, Request, Response, StatusCode, header},
};
use serde_json::{Map, Value};

use lingpai_domain::{
    client::Source,
    error::{Code, Error},
};

use super::{body, cors, peer, reply, url_envelope::Envelope};
use crate::{
    answer::{error_body, spoken_error},
    call::{Call, SignedRequest},
    methods::{Access, Method, UNI_OPEN_BRIDGE, open_bridge, registry},
    pipeline,
    secure_network::{self, Secured},
    state::State,
    words::{Locale, Words},
};

/// Answers a call of the URL form. Every call that reaches a function is answered with HTTP 200.
pub async fn handle(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let settings = &state.settings;
    if parts.method == http::Method::OPTIONS && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return cors::preflight(settings, &parts.headers);
    }
    let request_id = state.base.random.hex(16);
    let answer = |status, body: &Map<String, Value>| reply::json(settings, &parts.headers, &request_id, status, body);
    let refuse = |status, error: Error| answer(status, &error_body(&error, Words::built_in(), Locale::default()));
    if parts.method != http::Method::POST || !is_json(&parts.headers) {
        return refuse(StatusCode::OK, Code::UnsupportedRequest.into());
    }
    let bytes = match body::read(settings, body).await {
        Ok(bytes) => bytes,
        Err(error) => return refuse(error.status(), Error::new(Code::InvalidParam).with("param", "body")),
    };
    let (function, method) = target(parts.uri.path());
    if function == UNI_OPEN_BRIDGE && parts.headers.contains_key(header::ORIGIN) {
        // Only servers call it. A browser at a listed address could be made to by any page.
        return refuse(StatusCode::OK, Code::IllegalRequest.into());
    }
    let Some(mut envelope) = Envelope::decode(&bytes) else {
        return refuse(StatusCode::OK, Error::new(Code::InvalidParam).with("param", "body"));
    };
    if function == UNI_OPEN_BRIDGE {
        envelope = open_bridge::envelope(envelope, &bytes);
    }
    let signed = match registry::find(function, method) {
        Some(Method { access: Access::Signed(_), .. }) => Some(Box::new(SignedRequest { headers: parts.headers.clone(), body: bytes })),
        _ => None,
    };
    let is_from_host = state.functions.is_from_host(&parts.headers);
    let ip = match is_from_host {
        true => peer::ip_from_host(parts.extensions.get(), &parts.headers),
        false => peer::client_ip(settings, parts.extensions.get(), &parts.headers),
    };
    let call = Call {
        function: function.to_owned(),
        method: method.to_owned(),
        params: envelope.params,
        client_info: envelope.client_info,
        token: envelope.token,
        source: if is_from_host { Source::Function } else { Source::Http },
        ip: ip.to_string(),
        user_agent: peer::user_agent(&parts.headers),
        request_id: request_id.clone(),
        secured: Secured {
            origin: parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned),
            ..Secured::default()
        },
        signed,
    };
    if let Err(refused) = secure_network::admit_url_form(&state, &call.function, &call.method, &call.client_info, &call.ip, &request_id) {
        return answer(StatusCode::OK, &refused.body(call.locale()));
    }
    let locale = call.client_locale().map(str::to_owned);
    match tokio::time::timeout(settings.server.request_timeout, pipeline::answer(&state, call)).await {
        Ok(body) => answer(StatusCode::OK, &body),
        Err(_) => answer(StatusCode::OK, &spoken_error(&Code::ServerBusy.into(), &state.speech(locale.as_deref()))),
    }
}

/// As recorded: the media type must start so, and in lower case.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

/// Function and method of a path like `/http/uni-id-co/login/whatever`.
fn target(path: &str) -> (&str, &str) {
    let mut segments = path.strip_prefix("/http").filter(|rest| rest.starts_with('/')).unwrap_or(path).split('/').skip(1);
    (segments.next().unwrap_or_default(), segments.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_function_and_method() {
        for path in ["/uni-id-co/login", "/http/uni-id-co/login", "/uni-id-co/login/extra/path", "/uni-id-co/login/"] {
            assert_eq!(target(path), ("uni-id-co", "login"), "{path}");
        }
        assert_eq!(target("/"), ("", ""));
    }
}
