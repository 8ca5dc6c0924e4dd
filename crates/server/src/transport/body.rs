//! Request bodies, bounded in size and time.

use axum::{body::Body, http::StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::config::Settings;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// Larger than `server.body_limit_bytes`.
    TooLarge,
    /// Slower than `server.body_timeout_ms`.
    TooSlow,
    /// The connection broke.
    Broken,
}

impl BodyError {
    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a whole body.
pub async fn read(settings: &Settings, body: Body) -> Result<Bytes, BodyError> {
    let limited = Limited::new(body, settings.server.body_limit_bytes);
    match tokio::time::timeout(settings.server.body_timeout, limited.collect()).await {
        Err(_) => Err(BodyError::TooSlow),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(BodyError::TooLarge),
        Ok(Err(_)) => Err(BodyError::Broken),
    }
}
