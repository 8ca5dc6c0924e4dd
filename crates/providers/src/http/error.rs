//! What can go wrong with a call of an upstream.

use std::time::Duration;

use lingpai_domain::error::{Code, Error};

use crate::excerpt::excerpt;

/// What went wrong. All of it is the upstream's doing or the network's ([`lingpai_domain::error::Blame::Upstream`]);
/// the texts are for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// No connection, or one that broke.
    #[error("not reachable: {0}")]
    Unreachable(String),
    /// No whole answer within the time limit.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// It failed so often that it is left alone for a while; nothing was sent.
    #[error("left alone for a while after repeated failures; nothing was sent")]
    LeftAlone,
    /// The answer is larger than this, bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// An HTTP status other than 2xx, and the beginning of the body.
    #[error("HTTP {0}: {1}")]
    Status(u16, String),
    /// The answer is no JSON (an HTML page, or nothing), and its beginning.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The answer lacks something that it must have.
    #[error("the answer lacks {0}")]
    Incomplete(&'static str),
    /// The service itself refused, by its own code.
    #[error("refused with {code}: {words}")]
    Refused {
        /// Its code, a number or a name.
        code: String,
        /// Its words.
        words: String,
    },
}

impl UpstreamError {
    /// The error that the caller sees, with this as the cause for the log.
    pub fn with_code(self, code: Code) -> Error {
        Error::new(code).caused_by(self)
    }

    /// Whether the service refused by this code of its own.
    pub fn is_refusal(&self, codes: &[&str]) -> bool {
        matches!(self, UpstreamError::Refused { code, .. } if codes.contains(&code.as_str()))
    }

    /// reqwest's errors show the address, which may hold a secret.
    pub(super) fn of_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut words = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            words = format!("{words}: {error}");
            cause = error.source();
        }
        UpstreamError::Unreachable(excerpt(&words, &[]))
    }
}
