//! Making, storing and withdrawing codes.

use std::time::Duration;

use lingpai_domain::{
    error::{Code, Error, Result},
    limits::{self, Caller},
    store::{CodeTarget, Issued, NewCode, SendLimit, SendScope},
};

use crate::{
    config::settings::Rate,
    delivery::DevelopmentMessage,
    pipeline::{Scope, limits::too_many},
};

/// The code of development mode where nothing is configured. It never exists in production.
const FIXED_CODE: &str = "123456";

/// A code on its way.
pub(super) struct CodeToSend<'a> {
    scope: &'a Scope<'a>,
    id: String,
    target: CodeTarget,
    /// What it is for.
    pub(super) scene: &'a str,
    /// The digits.
    pub(super) text: String,
    lifetime: i64,
}

impl<'a> CodeToSend<'a> {
    /// Six random digits, valid for `lifetime` seconds.
    pub(super) fn random(scope: &'a Scope<'a>, target: CodeTarget, scene: &'a str, lifetime: i64) -> Self {
        let text = scope.state.base.random.six_digits();
        Self { scope, id: scope.context().id(), target, scene, text, lifetime }
    }

    /// Development mode's fixed code.
    pub(super) fn fixed(scope: &'a Scope<'a>, target: CodeTarget, scene: &'a str, lifetime: i64) -> Self {
        let code = Self { scope, id: scope.context().id(), target, scene, text: FIXED_CODE.to_owned(), lifetime };
        code.note("");
        code
    }

    /// Writes it to the development outbox.
    pub(super) fn note(&self, text: &str) {
        self.scope.state.delivery.note(DevelopmentMessage {
            kind: self.kind(),
            to: self.target.value(),
            device_id: self.scope.client.device_id.as_deref().unwrap_or_default(),
            scene: self.scene,
            code: &self.text,
            text,
        });
    }

    /// Stores it, unless a limit forbids it.
    pub(super) async fn store(&self) -> Result<()> {
        let scope = self.scope;
        let now = scope.state.base.clock.now_ms();
        let code = NewCode {
            id: self.id.clone(),
            code: scope.codes().stored_code(&self.target, self.scene, &self.text),
            target: self.target.clone(),
            scene: self.scene.to_owned(),
            ip: scope.client.ip.clone(),
            device_id: scope.client.device_id.clone(),
            created_date: now,
            expired_date: now + self.lifetime * 1000,
            limits: send_limits(scope),
        };
        match scope.context().store.issue_code(&code).await? {
            Issued::Done => self.count_for_application().await,
            Issued::TooMany { scope, retry_after_ms } => Err(self.refused(limit_name(scope), retry_after_ms)),
        }
    }

    /// Counts what is about to be sent for the application, so that whoever has many numbers and
    /// addresses cannot run up any cost. Only what no other limit refused is counted: nobody can use up
    /// an application's share by asking in vain.
    async fn count_for_application(&self) -> Result<()> {
        let (scope, state) = (self.scope, self.scope.state);
        let limits = &state.settings.limits;
        let now = state.base.clock.now_ms();
        // Mails and messages apart; the application stands in place of a user.
        let first = match self.target {
            CodeTarget::Mobile(_) => SMS_OF_APPLICATIONS,
            CodeTarget::Email(_) => MAILS_OF_APPLICATIONS,
        };
        let application = Caller::user(&scope.client.app_id);
        for (bucket, rate) in (first..first + MOST_RATES).zip(limits.sends.per_app.iter().filter(|_| limits.enabled)) {
            let rate = limits::Rate { count: rate.count, period_ms: millis(rate.period) };
            if let Err(wait) = state.guards.limiter.count(bucket, application, rate, now) {
                scope.context().store.withdraw_code(&self.id).await?;
                return Err(self.refused("app", wait));
            }
        }
        Ok(())
    }

    fn kind(&self) -> &'static str {
        match self.target {
            CodeTarget::Mobile(_) => "sms",
            CodeTarget::Email(_) => "email",
        }
    }

    fn refused(&self, limit: &'static str, retry_after_ms: i64) -> Error {
        metrics::counter!("lingpai_messages_refused_total", "kind" => self.kind(), "limit" => limit).increment(1);
        too_many(retry_after_ms)
    }

    /// Takes it back if its message could not be delivered.
    pub(super) async fn keep_if(&self, sent: Result<()>) -> Result<()> {
        if let Err(error) = sent {
            self.scope.context().store.withdraw_code(&self.id).await?;
            return Err(error);
        }
        metrics::counter!("lingpai_messages_total", "kind" => self.kind()).increment(1);
        Ok(())
    }
}

/// The limiter's numbers for what applications send; those of methods and guesses are below.
const SMS_OF_APPLICATIONS: u16 = 1100;
const MAILS_OF_APPLICATIONS: u16 = 1200;
/// Rates beyond this many are not looked at.
const MOST_RATES: u16 = 16;

/// The name of a limit in metrics.
const fn limit_name(scope: SendScope) -> &'static str {
    match scope {
        SendScope::Target => "target",
        SendScope::Device => "device",
        SendScope::Ip => "ip",
    }
}

fn send_limits(scope: &Scope<'_>) -> Vec<SendLimit> {
    let settings = &scope.state.settings.limits;
    if !settings.enabled {
        return Vec::new();
    }
    let limit = |scope, rate: &Rate| SendLimit { scope, window_ms: millis(rate.period), count: rate.count };
    let sends = &settings.sends;
    let per_target = sends.per_target.iter().map(|rate| limit(SendScope::Target, rate));
    let per_device = sends.per_device.iter().map(|rate| limit(SendScope::Device, rate));
    let per_ip = sends.per_ip.iter().map(|rate| limit(SendScope::Ip, rate));
    per_target.chain(per_device).chain(per_ip).collect()
}

fn millis(period: Duration) -> i64 {
    i64::try_from(period.as_millis()).unwrap_or(i64::MAX)
}

/// The error in production mode where something is not configured: no code exists there.
pub(super) fn not_configured(field: &'static str) -> Error {
    Error::new(Code::ConfigFieldRequired).with("field", field)
}
