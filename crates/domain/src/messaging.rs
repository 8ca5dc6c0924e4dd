//! Ports to whoever carries messages to people.

use async_trait::async_trait;

use crate::secret::Secret;

/// A templated short message.
#[derive(Clone, Debug)]
pub struct Sms {
    /// The number.
    pub mobile: String,
    /// The application's key at the SMS service (`service.sms.smsKey`).
    pub key: String,
    /// The application's secret at the SMS service (`service.sms.smsSecret`).
    pub secret: Secret,
    /// The template (`service.sms.scene.<scene>.templateId`).
    pub template_id: String,
    /// The template's values in order: name, code, action, expMinute.
    pub data: Vec<(String, String)>,
}

/// A mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The body for everyone.
    pub text: String,
    /// The body for those who can show it.
    pub html: String,
}

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The carrier is not configured.
    #[error("not configured")]
    NotConfigured,
    /// The carrier did not answer within its time, or not at all.
    #[error("the gateway did not answer: {0}")]
    Unreachable(String),
    /// The carrier said no.
    #[error("the gateway refused: {0}")]
    Refused(String),
}

/// Carries short messages.
#[async_trait]
pub trait SmsGateway: Send + Sync {
    /// Hands over a message. `Ok` means that the gateway took it.
    async fn send(&self, sms: &Sms) -> Result<(), SendError>;
}

/// Carries mails.
#[async_trait]
pub trait MailGateway: Send + Sync {
    /// Hands over a mail. `Ok` means that the server took it.
    async fn send(&self, mail: &Mail) -> Result<(), SendError>;
}
