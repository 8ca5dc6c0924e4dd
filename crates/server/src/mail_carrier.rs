//! From the settings to whoever carries mails.

use std::sync::Arc;

use anyhow::Context;
use lingpai_domain::{clock::Clock, random::Random};
use lingpai_providers::mail::{SmtpMailGateway, SmtpOptions, SmtpTls};

use crate::config::settings::{self, Email};

/// Prepares the way; nothing is connected yet.
///
/// # Errors
/// If the settings do not fit together, or the TLS library refuses.
pub fn mail_gateway(email: &Email, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> anyhow::Result<SmtpMailGateway> {
    let options = SmtpOptions {
        host: email.host.clone(),
        port: Some(email.port),
        tls: match email.tls {
            settings::SmtpTls::StartTls => SmtpTls::StartTls,
            settings::SmtpTls::Tls => SmtpTls::Wrapper,
            settings::SmtpTls::None => SmtpTls::None,
        },
        login: email.login.as_ref().map(|login| (login.user.clone(), login.password.clone())),
        from: email.from.clone(),
        timeout: email.timeout,
        extra_root_pem: None,
    };
    SmtpMailGateway::new(&options, clock, random).context("providers.email")
}
