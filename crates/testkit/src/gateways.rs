//! Carriers of messages that keep what they are given.

use std::collections::HashSet;

use async_trait::async_trait;
use lingpai_domain::messaging::{Mail, MailGateway, SendError, Sms, SmsGateway};
use parking_lot::Mutex;

/// Keeps every short message instead of sending it, and refuses the numbers it was told to.
#[derive(Debug, Default)]
pub struct RecordingSms {
    sent: Mutex<Vec<Sms>>,
    refused: Mutex<HashSet<String>>,
}

impl RecordingSms {
    /// A gateway that refuses these numbers.
    pub fn refusing<'a>(numbers: impl IntoIterator<Item = &'a str>) -> Self {
        let gateway = Self::default();
        gateway.refused.lock().extend(numbers.into_iter().map(str::to_owned));
        gateway
    }

    /// Refuses a number from now on.
    pub fn refuse(&self, number: &str) {
        self.refused.lock().insert(number.to_owned());
    }

    /// The messages taken since the last call, oldest first.
    pub fn take(&self) -> Vec<Sms> {
        std::mem::take(&mut self.sent.lock())
    }

    /// The value `field` (`code`, say) of the latest message to a number.
    pub fn latest(&self, number: &str, field: &str) -> Option<String> {
        let sent = self.sent.lock();
        let sms = sent.iter().rev().find(|sms| sms.mobile == number)?;
        sms.data.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone())
    }
}

#[async_trait]
impl SmsGateway for RecordingSms {
    async fn send(&self, sms: &Sms) -> Result<(), SendError> {
        if self.refused.lock().contains(&sms.mobile) {
            return Err(SendError::Refused("this number is refused by the test".into()));
        }
        self.sent.lock().push(sms.clone());
        Ok(())
    }
}

/// Keeps every mail instead of sending it.
#[derive(Debug, Default)]
pub struct RecordingMail(Mutex<Vec<Mail>>);

impl RecordingMail {
    /// The mails taken since the last call, oldest first.
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.0.lock())
    }
}

#[async_trait]
impl MailGateway for RecordingMail {
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        self.0.lock().push(mail.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lingpai_domain::secret::Secret;

    use super::*;

    fn sms(mobile: &str, code: &str) -> Sms {
        Sms {
            mobile: mobile.into(),
            key: "k".into(),
            secret: Secret::new("s"),
            template_id: "1".into(),
            data: vec![("code".into(), code.into())],
        }
    }

    #[tokio::test]
    async fn a_refused_number_leaves_no_message_behind() {
        let gateway = RecordingSms::refusing(["19900000000"]);
        assert!(gateway.send(&sms("19900000000", "1")).await.is_err());
        gateway.send(&sms("13800000001", "2")).await.unwrap();
        gateway.send(&sms("13800000001", "3")).await.unwrap();
        assert_eq!(gateway.latest("13800000001", "code").as_deref(), Some("3"));
        assert_eq!(gateway.take().len(), 2);
        assert!(gateway.take().is_empty());
    }
}
