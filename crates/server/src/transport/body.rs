//! Request bodies, bounded in size and time.

use axum::{
    body::{Body, HttpBody},
    http::StatusCode,
};
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

/// How much of a body that is too large is read on, bytes. A connection that is closed while its
/// client is still sending is reset, and the client never sees why.
const DISCARDED_AT_MOST: u64 = 16 * 1024 * 1024;

/// Reads a whole body.
pub async fn read(settings: &Settings, mut body: Body) -> Result<Bytes, BodyError> {
    let in_time = tokio::time::timeout(settings.server.body_timeout, async {
        match Limited::new(&mut body, settings.server.body_limit_bytes).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
                discard(body).await;
                Err(BodyError::TooLarge)
            }
            Err(_) => Err(BodyError::Broken),
        }
    });
    in_time.await.unwrap_or(Err(BodyError::TooSlow))
}

/// Reads on and throws away, so that the client hears the answer.
pub(super) async fn discard(mut body: Body) {
    let mut discarded = 0;
    if body.size_hint().lower() > DISCARDED_AT_MOST {
        return;
    }
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, |data| data.len() as u64);
        if discarded > DISCARDED_AT_MOST {
            return;
        }
    }
}
