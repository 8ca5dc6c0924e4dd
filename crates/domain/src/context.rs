//! What every flow works with.

use serde_json::{Map, Value};

use crate::{
    client::Client,
    client_info::ClientInfo,
    clock::Clock,
    id::Ids,
    log::{LogRow, LogSubject, LogType},
    project::{AccountEvent, ProjectScripts},
    random::Random,
    roles::RoleBook,
    second_step::SecondStepKeys,
    secret::Secret,
    store::Store,
    token::Gate,
    webhook::Subscription,
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
    /// The project's own scripts, if it has any.
    pub scripts: Option<&'a dyn ProjectScripts>,
    /// Who is told of what happens to accounts.
    pub subscriptions: &'a [Subscription],
    /// What second steps are kept under; `None`: they are switched off.
    pub second_step_keys: Option<&'a SecondStepKeys>,
    /// `clientInfo` as the client sent it, for the scripts.
    pub client_info: &'a ClientInfo,
    /// The call's parameters that only the project knows, for the scripts.
    pub own_params: &'a Map<String, Value>,
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
            told: Vec::new(),
        }
    }

    /// `clientInfo` as scripts see it: what the client sent, with the server's own facts over it.
    pub fn info_for_scripts(&self) -> Map<String, Value> {
        let mut info = self.client_info.to_map();
        info.insert("uniPlatform".into(), self.client.platform.clone().into());
        info.insert("clientIP".into(), self.client.ip.clone().into());
        info.insert("userAgent".into(), self.client.user_agent.clone().into());
        info.insert("source".into(), self.client.source.name().into());
        info
    }

    /// Tells the project's scripts of something that happened to an account.
    pub fn tell_scripts(&self, event: AccountEvent, uid: &str) {
        if let Some(scripts) = self.scripts {
            let facts = [("uid".to_owned(), Value::from(uid)), ("clientInfo".to_owned(), self.info_for_scripts().into())];
            scripts.notify(event, Map::from_iter(facts));
        }
    }
}
