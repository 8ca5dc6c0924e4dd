//! Cross-origin calls: browsers of uni-app H5 projects call from other origins, without cookies.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};

use crate::config::Settings;

const METHODS: &str = "POST, OPTIONS";
/// What the official client and external systems send. The last one, misspelt as it is, goes with uploads of `aliyun`.
const HEADERS: &str = "content-type, x-client-info, x-client-token, x-serverless-sign, x-basement-token, \
                       uni-id-nonce, uni-id-timestamp, uni-id-signature, x-oss-server-side-encrpytion";
/// Browsers keep the answer for a day (or as long as they please).
const MAX_AGE: &str = "86400";

/// Adds what lets the origin read the answer.
pub fn allow(settings: &Settings, request: &HeaderMap, response: &mut HeaderMap) {
    let Some(origin) = request.get(header::ORIGIN) else { return };
    if let Some(allowed) = allowed(settings, origin) {
        if allowed != "*" {
            response.insert(header::VARY, HeaderValue::from_static("origin"));
        }
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(super::reply::REQUEST_ID));
    }
}

fn allowed(settings: &Settings, origin: &HeaderValue) -> Option<HeaderValue> {
    let origins = &settings.server.cors_origins;
    if origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// The answer to a preflight.
pub fn preflight(settings: &Settings, request: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    allow(settings, request, response.headers_mut());
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    response
}
