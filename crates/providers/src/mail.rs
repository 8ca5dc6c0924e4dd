//! Mails by SMTP (RFC 5321), with TLS from the first byte, STARTTLS, or plainly on loopback.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use lettre::{
    Address, Message,
    message::{Mailbox, MultiPart, SinglePart},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, TlsParameters},
    },
};
use lingpai_domain::{
    clock::Clock,
    messaging::{Mail, MailGateway, SendError},
    random::Random,
    secret::Secret,
};

use self::connections::{Connections, Security, Slots};
use crate::excerpt::excerpt;

mod auto_submitted;
mod connections;

/// How the way to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// TLS from the first byte (port 465; RFC 8314).
    Wrapper,
    /// Plain greeting, then TLS by STARTTLS (port 587; RFC 3207). A server that does not offer it
    /// is refused.
    StartTls,
    /// No protection (port 25): servers on this machine only.
    None,
}

/// Where mails go and whom they come from.
#[derive(Clone, Debug)]
pub struct SmtpOptions {
    /// The server's name, which its certificate must carry.
    pub host: String,
    /// The port; `None` is the usual one of `tls`.
    pub port: Option<u16>,
    /// How the way there is protected.
    pub tls: SmtpTls,
    /// User name and password, where the server asks for them.
    pub login: Option<(String, Secret)>,
    /// The sender: `name@example.com` or `Name <name@example.com>`.
    pub from: String,
    /// How long one mail may take altogether, connecting included.
    pub timeout: Duration,
    /// A certificate authority (PEM) to trust beside the public ones, for servers inside a company.
    pub extra_root_pem: Option<Vec<u8>>,
}

/// What is wrong with [`SmtpOptions`].
#[derive(Debug, thiserror::Error)]
pub enum SmtpOptionsError {
    /// No server was named.
    #[error("the mail server's host is empty")]
    NoHost,
    /// `from` is not an address.
    #[error("not a sender's address: {0}")]
    From(String),
    /// `tls = none` towards another machine would show codes and passwords to the network.
    #[error("mails without TLS are possible on this machine only, not to {0}")]
    PlainToOtherMachine(String),
    /// The certificate or the TLS library refused.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// A step of [`SmtpMailGateway::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailStep {
    /// Reaching the server, TLS included.
    Connecting,
    /// User and password.
    LoggingIn,
    /// Whether mails may come from the sender's address.
    NamingTheSender,
}

/// Sends mails through one SMTP server, over a few connections that are kept for the next mail.
pub struct SmtpMailGateway {
    connections: Connections,
    from: Mailbox,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl SmtpMailGateway {
    /// Prepares the way; nothing is connected yet.
    ///
    /// # Errors
    /// [`SmtpOptionsError`] names what is wrong with the options.
    pub fn new(options: &SmtpOptions, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, SmtpOptionsError> {
        if options.host.is_empty() {
            return Err(SmtpOptionsError::NoHost);
        }
        let from = options.from.parse().map_err(|_| SmtpOptionsError::From(options.from.clone()))?;
        let (security, usual_port) = match options.tls {
            SmtpTls::Wrapper => (Security::Wrapper(tls_parameters(options)?), 465),
            SmtpTls::StartTls => (Security::StartTls(tls_parameters(options)?), 587),
            SmtpTls::None if is_this_machine(&options.host) => (Security::None, 25),
            SmtpTls::None => return Err(SmtpOptionsError::PlainToOtherMachine(options.host.clone())),
        };
        let connections = Connections {
            host: options.host.clone(),
            port: options.port.unwrap_or(usual_port),
            security,
            credentials: options.login.as_ref().map(|(user, password)| Credentials::new(user.clone(), password.expose().to_owned())),
            connect_timeout: options.timeout,
            clock: clock.clone(),
            slots: Slots::new(),
        };
        Ok(Self { connections, from, timeout: options.timeout, clock, random })
    }

    /// Connects, logs in and names the sender, without a mail.
    ///
    /// # Errors
    /// The step that failed, with the server's words.
    pub async fn check(&self) -> Result<(), (MailStep, SendError)> {
        match tokio::time::timeout(self.timeout, self.connections.check(&self.from.email)).await {
            Ok(outcome) => outcome.map_err(|(step, error)| (step, failed(&error, &[]))),
            Err(_) => Err((MailStep::Connecting, SendError::Unreachable(format!("no answer within {} ms", self.timeout.as_millis())))),
        }
    }

    /// The message as it travels. Date, identifier and boundary come from the injected clock and
    /// randomness; lettre's own would also tell the machine's name.
    fn compose(&self, mail: &Mail) -> Result<Message, SendError> {
        let to: Address = mail.to.parse().map_err(|_| SendError::Refused("not a mail address".to_owned()))?;
        let date = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.clock.now_ms()).unwrap_or_default());
        let body = MultiPart::alternative()
            .boundary(self.random.hex(20))
            .singlepart(SinglePart::plain(mail.text.clone()))
            .singlepart(SinglePart::html(mail.html.clone()));
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&mail.subject))
            .date(date)
            .message_id(Some(format!("<{}@{}>", self.random.hex(16), self.from.email.domain())))
            .header(auto_submitted::AutoSubmitted)
            .multipart(body)
            .map_err(|error| SendError::Refused(excerpt(&error.to_string(), &[&mail.to])))
    }
}

#[async_trait]
impl MailGateway for SmtpMailGateway {
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let message = self.compose(mail)?;
        let bytes = message.formatted();
        let delivery = self.connections.send(message.envelope(), &bytes);
        let Ok(result) = tokio::time::timeout(self.timeout, delivery).await else {
            return Err(SendError::Unreachable(format!("no answer within {} ms", self.timeout.as_millis())));
        };
        result.map_err(|error| failed(&error, &[&mail.to]))
    }
}

fn failed(error: &lettre::transport::smtp::Error, hidden: &[&str]) -> SendError {
    let words = excerpt(&error.to_string(), hidden);
    if error.is_permanent() || error.is_transient() || error.is_client() {
        SendError::Refused(words)
    } else {
        SendError::Unreachable(words)
    }
}

fn tls_parameters(options: &SmtpOptions) -> Result<TlsParameters, SmtpOptionsError> {
    let failed = |error: lettre::transport::smtp::Error| SmtpOptionsError::Tls(error.to_string());
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(pem) = &options.extra_root_pem {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(failed)?);
    }
    builder.build().map_err(failed)
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A header is one line: whoever could break it could add headers of their own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_served_without_tls() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["mail.example.com", "10.0.0.1", "localhost.example.com", "0.0.0.0", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn debug_output_of_the_options_has_no_password() {
        let options = SmtpOptions {
            host: "mail.example.com".into(),
            port: None,
            tls: SmtpTls::StartTls,
            login: Some(("lingpai".into(), Secret::new("hunter2"))),
            from: "a@example.com".into(),
            timeout: Duration::from_secs(1),
            extra_root_pem: None,
        };
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
