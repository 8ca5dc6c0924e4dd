//! What an upstream answered.

use serde_json::Value;

use super::UpstreamError;
use crate::excerpt::excerpt;

/// A whole answer.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// Values that must not be shown.
    pub(super) hidden: Vec<String>,
}

impl Answer {
    /// The body as JSON, whatever content type it claims: WeChat's is `text/plain`, Alipay's `text/html`.
    ///
    /// # Errors
    /// [`UpstreamError::NotJson`] if it is none.
    pub fn json(&self) -> Result<Value, UpstreamError> {
        serde_json::from_slice(&self.body).map_err(|_| UpstreamError::NotJson(self.excerpt()))
    }

    /// Refuses other statuses than 2xx, redirects included.
    ///
    /// # Errors
    /// [`UpstreamError::Status`] with the beginning of the body.
    pub fn expect_success(&self) -> Result<(), UpstreamError> {
        if (200..300).contains(&self.status) { Ok(()) } else { Err(UpstreamError::Status(self.status, self.excerpt())) }
    }

    /// The beginning of the body, fit for a log.
    pub fn excerpt(&self) -> String {
        if self.body.is_empty() { "nothing".to_owned() } else { self.words(&String::from_utf8_lossy(&self.body)) }
    }

    /// Words of the answer, fit for a log.
    pub fn words(&self, text: &str) -> String {
        let hidden: Vec<&str> = self.hidden.iter().map(String::as_str).collect();
        excerpt(text, &hidden)
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body of a good answer is often a credential.
        f.debug_struct("Answer").field("status", &self.status).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}
