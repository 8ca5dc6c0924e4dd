//! Calls whose bodies are too large to be held in memory.

use std::time::Duration;

use reqwest::{Body, Method, Response, Url};

use super::{Upstream, UpstreamError};
use crate::excerpt::excerpt;

/// A call with a body that is read as it is sent, or none.
pub struct Transfer<'a> {
    /// The method.
    pub method: Method,
    /// Appended to the base address, encoded: path and query.
    pub path: &'a str,
    /// Headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: Option<Body>,
    /// Time until the answer begins, that for sending the body included.
    pub time_limit: Duration,
}

/// The longest explanation of an error that is read, bytes.
const LONGEST_EXPLANATION: usize = 16 * 1024;

impl Upstream {
    /// Makes a call of an [`Http`](super::Http) for streams and answers as soon as its answer begins: the
    /// rest is the caller's to read. Only the beginning counts for the circuit.
    ///
    /// # Errors
    /// [`UpstreamError`] if no answer begins.
    pub async fn transfer(&self, transfer: Transfer<'_>) -> Result<Response, UpstreamError> {
        let time_limit = transfer.time_limit;
        self.circuit.admit(self.http.clock.now_ms(), time_limit)?;
        let outcome = match tokio::time::timeout(time_limit, self.begin(transfer)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(UpstreamError::TimedOut(time_limit)),
        };
        match &outcome {
            Ok(response) if !response.status().is_server_error() => self.circuit.succeeded(),
            _ => self.circuit.failed(self.http.clock.now_ms()),
        }
        outcome
    }

    async fn begin(&self, transfer: Transfer<'_>) -> Result<Response, UpstreamError> {
        let _place = self.places.acquire().await.map_err(|_| UpstreamError::Unreachable("the program is stopping".into()))?;
        let url = Url::parse(&format!("{}{}", self.base, transfer.path));
        let url = url.map_err(|_| UpstreamError::Unreachable("the address cannot be made".into()))?;
        let mut builder = self.http.client.request(transfer.method, url);
        for (name, value) in transfer.headers {
            builder = builder.header(*name, *value);
        }
        if let Some(body) = transfer.body {
            builder = builder.body(body);
        }
        builder.send().await.map_err(UpstreamError::of_transport)
    }
}

/// The beginning of what a service says of an error, fit for a log but for what it repeats.
pub async fn explanation(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_EXPLANATION {
            break;
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}

/// Words of an answer, fit for a log.
pub fn words(text: &str) -> String {
    excerpt(text, &[])
}
