//! JSON answers.

use std::io::Write;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Map, Value};

use super::cors;
use crate::config::Settings;

/// The header that names a call, for the client and for the log.
pub const REQUEST_ID: &str = "request-id";

/// Answers are compressed from this size on, bytes: smaller ones fit into one packet anyway.
const ZIPPED_FROM: usize = 1400;

/// A JSON object as an answer, compressed if it is long and the client takes it so. What a caller sends and what is
/// secret are in one answer only for whoever holds the token already: no page of another origin can have answers
/// composed, as there are no cookies, and so learns nothing from their lengths.
pub fn json(settings: &Settings, request: &HeaderMap, request_id: &str, status: StatusCode, body: &Map<String, Value>) -> Response<Body> {
    // An object of our own always has a text; an empty one would leave the official client waiting for ever.
    let text = serde_json::to_vec(body).unwrap_or_else(|_| b"{\"errCode\":\"uni-id-system-error\"}".to_vec());
    let zipped = if text.len() >= ZIPPED_FROM && takes_gzip(request) { gzip(&text) } else { None };
    let is_zipped = zipped.is_some();
    let mut response = Response::new(Body::from(zipped.unwrap_or(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if is_zipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    // Answers are never stored, so that nobody need know what they vary by but for the origin.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    cors::allow(settings, request, headers);
    response
}

/// Whether `Accept-Encoding` names gzip, and not with a weight of nothing (RFC 9110, section 12.5.3).
fn takes_gzip(request: &HeaderMap) -> bool {
    let accepted = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

fn gzip(text: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 2), Compression::fast());
    encoder.write_all(text).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_when_it_is_named() {
        for (value, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("deflate, br", false),
            ("x-gzip", false),
            ("", false),
            ("gzip;q=x", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(takes_gzip(&headers), expected, "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
