//! What every flow works with.

use crate::{
    client::Client,
    clock::Clock,
    id::Ids,
    log::{LogRow, LogSubject, LogType},
    random::Random,
    roles::RoleBook,
    secret::Secret,
    store::Store,
    token::Gate,
};

/// How tokens are made for one application and platform.
#[derive(Clone, Debug)]
pub struct TokenPolicy {
    /// `tokenSecret`
    pub secret: Secret,
    /// `tokenExpiresIn`, seconds.
    pub expires_in: i64,
    /// `tokenExpiresThreshold`, seconds: with less left a call brings a new token. 0: never.
    pub threshold: i64,
    /// `maxTokenLength`: how many tokens a user keeps. 0: no bound.
    pub max_tokens: usize,
}

/// The surroundings of one call.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What is kept.
    pub store: &'a dyn Store,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Random bytes.
    pub random: &'a dyn Random,
    /// Document ids.
    pub ids: &'a Ids,
    /// Void tokens.
    pub gate: &'a Gate,
    /// Roles and permissions.
    pub roles: &'a RoleBook,
    /// The caller.
    pub client: &'a Client,
}

impl Context<'_> {
    /// A new document id.
    pub fn id(&self) -> String {
        self.ids.next(self.clock, self.random)
    }

    /// A row of the log about this call.
    pub fn log_row(&self, kind: LogType, subject: LogSubject, success: bool) -> LogRow {
        LogRow {
            id: self.id(),
            appid: self.client.app_id.clone(),
            device_id: self.client.device_id.clone(),
            ip: self.client.ip.clone(),
            kind,
            ua: self.client.user_agent.clone(),
            create_date: self.clock.now_ms(),
            subject,
            success,
        }
    }
}
