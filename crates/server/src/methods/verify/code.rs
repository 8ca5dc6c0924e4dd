//! Making, storing and withdrawing codes.

use std::time::Duration;

use lingpai_domain::{
    error::{Code, Error, Result},
    store::{CodeTarget, Issued, NewCode, SendLimit, SendScope},
};

use crate::{
    config::settings::Rate,
    delivery::DevelopmentMessage,
    pipeline::{Scope, limits::too_many},
    telemetry::messages,
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
            kind: messages::kind(&self.target),
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
            app: counted_app(scope),
            created_date: now,
            expired_date: now + self.lifetime * 1000,
            limits: send_limits(scope),
        };
        match scope.context().store.issue_code(&code).await? {
            Issued::Done => Ok(()),
            Issued::TooMany { scope, retry_after_ms } => {
                messages::refused(messages::kind(&self.target), scope);
                Err(too_many(retry_after_ms))
            }
        }
    }

    /// Takes it back if its message could not be delivered.
    pub(super) async fn keep_if(&self, sent: Result<()>) -> Result<()> {
        if let Err(error) = sent {
            self.scope.context().store.withdraw_code(&self.id).await?;
            return Err(error);
        }
        messages::sent(messages::kind(&self.target));
        Ok(())
    }
}

/// Under which name the application is counted: clients can make names up, so all that no configuration names share one.
fn counted_app(scope: &Scope<'_>) -> String {
    let app_id = &scope.client.app_id;
    if scope.state.names_app(app_id) { app_id.clone() } else { String::new() }
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
    // So that whoever has many numbers and addresses cannot run up any cost.
    let per_app = sends.per_app.iter().map(|rate| limit(SendScope::App, rate));
    per_target.chain(per_device).chain(per_ip).chain(per_app).collect()
}

fn millis(period: Duration) -> i64 {
    i64::try_from(period.as_millis()).unwrap_or(i64::MAX)
}

/// The error in production mode where something is not configured: no code exists there.
pub(super) fn not_configured(field: &'static str) -> Error {
    Error::new(Code::ConfigFieldRequired).with("field", field)
}
