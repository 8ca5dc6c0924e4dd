//! A few connections to the mail server, used again while they are fresh.
//!
//! lettre's own pool is not used: a mail that is given up half-way would put its connection back
//! with an answer outstanding, and the next mail could then reach the first one's recipient too.
//! Here a connection is owned by the attempt that uses it and returns only after a success; giving
//! up drops it, which closes it.

use std::{sync::Arc, time::Duration};

use lettre::{
    Address,
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::Mail,
        extension::ClientId,
    },
};
use lingpai_domain::clock::Clock;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::MailStep;

/// Connections at the same time, idle ones included.
const MAX_CONNECTIONS: usize = 8;

/// How long an unused connection is kept, in milliseconds. Shorter than the minutes after which
/// servers hang up (RFC 5321, section 4.5.3.2.7: at least five).
const IDLE_MS: i64 = 60_000;

/// How TLS begins.
pub(super) enum Security {
    /// From the first byte.
    Wrapper(TlsParameters),
    /// By STARTTLS, or not at all.
    StartTls(TlsParameters),
    /// Never.
    None,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since_ms: i64,
}

/// The connections to one server.
pub(super) struct Connections {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<Credentials>,
    pub(super) connect_timeout: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) slots: Slots,
}

/// Who may hold a connection, and those that nobody holds.
pub(super) struct Slots {
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self { permits: Semaphore::new(MAX_CONNECTIONS), idle: Mutex::new(Vec::new()) }
    }
}

impl Connections {
    /// Delivers one message. May be dropped at any time.
    pub(super) async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<(), Error> {
        // The semaphore is never closed: without a permit there is nothing to wait for.
        let _permit = self.slots.permits.acquire().await.ok();
        let mut connection = match self.fresh().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.send(envelope, message).await?;
        self.slots.idle.lock().push(Idle { connection, since_ms: self.clock.now_ms() });
        Ok(())
    }

    /// Connects, logs in, names the sender and says good-bye.
    pub(super) async fn check(&self, sender: &Address) -> Result<(), (MailStep, Error)> {
        let mut connection = self.open().await.map_err(|error| (MailStep::Connecting, error))?;
        self.log_in(&mut connection).await.map_err(|error| (MailStep::LoggingIn, error))?;
        let command = Mail::new(Some(sender.clone()), Vec::new());
        connection.command(command).await.map_err(|error| (MailStep::NamingTheSender, error))?;
        // The server's farewell is of no interest.
        let _said = connection.quit().await;
        Ok(())
    }

    /// An idle connection whose server still answers.
    async fn fresh(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Idle { mut connection, since_ms } = self.slots.idle.lock().pop()?;
            // A clock that was turned back makes connections old, never young.
            let age = self.clock.now_ms().checked_sub(since_ms);
            if age.is_some_and(|age| (0..IDLE_MS).contains(&age)) && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let mut connection = self.open().await?;
        self.log_in(&mut connection).await?;
        Ok(connection)
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, Error> {
        let hello = ClientId::default();
        let wrapper = match &self.security {
            Security::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, Some(self.connect_timeout), &hello, wrapper, None).await?;
        if let Security::StartTls(parameters) = &self.security {
            connection.starttls(parameters.clone(), &hello).await?;
        }
        Ok(connection)
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Error> {
        match &self.credentials {
            Some(credentials) => connection.auth(DEFAULT_MECHANISMS, credentials).await.map(drop),
            None => Ok(()),
        }
    }
}
