//! What the clouds' gateways for short messages share.

use lingpai_domain::{
    messaging::{SendError, Sms},
    secret::Secret,
};

use crate::{excerpt::excerpt, http::UpstreamError};

/// Who sends: the settings' key, or each application's own (`service.sms.smsKey` and `smsSecret`).
#[derive(Clone, Debug)]
pub enum Account {
    /// The settings' for all applications.
    Fixed {
        /// The key's id.
        id: String,
        /// The key.
        secret: Secret,
    },
    /// The application's.
    OfApplication,
}

impl Account {
    /// The key's id and the key for a message.
    ///
    /// # Errors
    /// [`SendError::NotConfigured`] if the application has none.
    pub(super) fn of<'a>(&'a self, sms: &'a Sms) -> Result<(&'a str, &'a Secret), SendError> {
        let (id, secret) = match self {
            Self::Fixed { id, secret } => (id, secret),
            Self::OfApplication => (&sms.key, &sms.secret),
        };
        if id.is_empty() || secret.is_empty() { Err(SendError::NotConfigured) } else { Ok((id, secret)) }
    }
}

/// A template's value by its name; empty if there is none.
pub(super) fn value_of<'a>(sms: &'a Sms, name: &str) -> &'a str {
    sms.data.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

pub(super) fn unreachable(error: UpstreamError) -> SendError {
    SendError::Unreachable(error.to_string())
}

/// A refusal in the carrier's words, without number and code.
pub(super) fn refused(sms: &Sms, code: &str, words: &str) -> SendError {
    let mut hidden = vec![sms.mobile.as_str(), sms.secret.expose()];
    hidden.extend(sms.data.iter().filter(|(name, _)| name == "code").map(|(_, code)| code.as_str()));
    SendError::Refused(format!("{}: {}", excerpt(code, &hidden), excerpt(words, &hidden)))
}
