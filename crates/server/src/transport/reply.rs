//! JSON answers.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use serde_json::{Map, Value};

use super::cors;
use crate::config::Settings;

/// The header that names a call, for the client and for the log.
pub const REQUEST_ID: &str = "request-id";

/// A JSON object as an answer.
pub fn json(settings: &Settings, request: &HeaderMap, request_id: &str, status: StatusCode, body: &Map<String, Value>) -> Response<Body> {
    // An object of our own always has a text; an empty one would leave the official client waiting for ever.
    let text = serde_json::to_vec(body).unwrap_or_else(|_| b"{\"errCode\":\"uni-id-system-error\"}".to_vec());
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    cors::allow(settings, request, headers);
    response
}
