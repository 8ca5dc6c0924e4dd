//! Messages to people: SMS, mail, and the development outbox; and to webhooks.

use std::sync::Arc;

use lingpai_domain::{
    clock::Clock,
    error::{Code, Error, Result},
    messaging::{Mail, MailGateway, SendError, Sms, SmsGateway},
};
use lingpai_providers::outbox::{Outbox, OutboxEntry, OutboxKind};

use crate::{telemetry::messages, webhooks::Postman};

/// A line for the development outbox.
pub struct DevelopmentMessage<'a> {
    /// `captcha`, `sms` or `email`.
    pub kind: &'static str,
    /// The number or address; empty for captchas.
    pub to: &'a str,
    /// The client's device.
    pub device_id: &'a str,
    /// What it is for.
    pub scene: &'a str,
    /// The code.
    pub code: &'a str,
    /// The text as it is sent.
    pub text: &'a str,
}

/// Who carries messages.
pub struct Delivery {
    /// Short messages; `None`: not configured.
    pub sms: Option<Arc<dyn SmsGateway>>,
    /// Mails; `None`: not configured.
    pub mail: Option<Arc<dyn MailGateway>>,
    /// Development mode's outbox.
    pub outbox: Option<Arc<Outbox>>,
    /// Who tells webhooks of events; `None`: nobody is to be told.
    pub postman: Option<Arc<Postman>>,
    clock: Arc<dyn Clock>,
}

impl Delivery {
    /// Puts it together.
    pub fn new(
        sms: Option<Arc<dyn SmsGateway>>,
        mail: Option<Arc<dyn MailGateway>>,
        outbox: Option<Arc<Outbox>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { sms, mail, outbox, postman: None, clock }
    }

    /// Writes a message to the outbox, in development mode only.
    pub fn note(&self, message: DevelopmentMessage<'_>) {
        let Some(outbox) = &self.outbox else { return };
        let kind = match message.kind {
            "captcha" => OutboxKind::Captcha,
            "sms" => OutboxKind::Sms,
            _ => OutboxKind::Email,
        };
        let entry = OutboxEntry {
            time: self.clock.now_ms(),
            kind,
            to: message.to.to_owned(),
            device_id: message.device_id.to_owned(),
            scene: message.scene.to_owned(),
            code: message.code.to_owned(),
            text: message.text.to_owned(),
        };
        if let Err(error) = outbox.append(&entry) {
            tracing::error!(%error, "the development outbox cannot be written");
        }
    }

    /// Sends a short message. Without a gateway development mode's outbox is enough.
    pub async fn send_sms(&self, sms: &Sms) -> Result<()> {
        match &self.sms {
            Some(gateway) => gateway.send(sms).await.map_err(failed),
            None if self.outbox.is_some() => Ok(()),
            None => Err(Error::new(Code::ConfigFieldRequired).with("field", "providers.sms.webhook_url")),
        }
    }

    /// Sends a mail.
    pub async fn send_mail(&self, mail: &Mail) -> Result<()> {
        match &self.mail {
            Some(gateway) => gateway.send(mail).await.map_err(failed),
            None => Err(Error::new(Code::ConfigFieldRequired).with("field", "providers.email")),
        }
    }
}

fn failed(error: SendError) -> Error {
    messages::failed();
    Error::new(Code::SendFailed).caused_by(error)
}
