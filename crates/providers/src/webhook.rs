//! Deliveries of events to webhooks.

use std::{sync::Arc, time::Duration};

use lingpai_domain::{clock::Clock, secret::Secret};
use reqwest::{Client, Url, header};

use crate::{
    public_addresses::{self, is_private, names_private_address},
    sms::{SIGNATURE_HEADER, TIMESTAMP_HEADER, WebhookOptionsError, signature},
};

/// The header with the event's id: who gets a delivery twice knows it by that.
pub const EVENT_ID_HEADER: &str = "Lingpai-Event-Id";

/// Why a delivery was not accepted. Says nothing of the address, which may hold a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The webhook answered, but not with 2xx.
    #[error("it answered with status {0}")]
    Status(u16),
    /// Its name leads to an address that is not public.
    #[error("its address is not a public one; deliveries.private_addresses allows such")]
    Private,
    /// There was no answer.
    #[error("it could not be reached: {0}")]
    Unreachable(&'static str),
}

/// Posts deliveries.
///
/// Sends `POST` with the JSON body as it was stored, `Lingpai-Event-Id`, `Lingpai-Timestamp` (seconds)
/// and `Lingpai-Signature`: [`signature`] with the webhook's secret, as for the SMS gateway. Redirects are not
/// followed, proxies of the environment not used, and the answer's body is not read.
pub struct WebhookClient {
    client: Client,
    private_addresses: bool,
    clock: Arc<dyn Clock>,
}

impl WebhookClient {
    /// Prepares the way; nothing is connected yet.
    ///
    /// # Errors
    /// If the HTTP client cannot be set up.
    pub fn new(private_addresses: bool, timeout: Duration, clock: Arc<dyn Clock>) -> Result<Self, WebhookOptionsError> {
        let client = public_addresses::client(private_addresses)
            .connect_timeout(timeout)
            .timeout(timeout)
            .build()
            .map_err(|error| WebhookOptionsError::Client(error.to_string()))?;
        Ok(Self { client, private_addresses, clock })
    }

    /// Delivers once.
    ///
    /// # Errors
    /// Why it was not accepted.
    pub async fn deliver(&self, url: &Secret, secret: &Secret, id: &str, body: &str) -> Result<(), DeliveryError> {
        let url = Url::parse(url.expose()).map_err(|_| DeliveryError::Unreachable("not an address"))?;
        if !self.private_addresses && names_private_address(&url) {
            return Err(DeliveryError::Private);
        }
        let timestamp = self.clock.now_s().to_string();
        let signature = signature(secret, &timestamp, body.as_bytes());
        let sent = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(EVENT_ID_HEADER, id)
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature)
            .body(body.to_owned())
            .send()
            .await;
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(DeliveryError::Status(answer.status().as_u16())),
            Err(error) if is_private(&error) => Err(DeliveryError::Private),
            Err(error) if error.is_timeout() => Err(DeliveryError::Unreachable("no answer in time")),
            Err(error) if error.is_connect() => Err(DeliveryError::Unreachable("no connection")),
            Err(_) => Err(DeliveryError::Unreachable("the connection broke")),
        }
    }
}
