//! What one application has configured for one platform.

use std::{fmt, sync::Arc};

use lingpai_domain::{
    context::TokenPolicy,
    password::{Argon2Cost, PasswordSecret, Strength},
    secret::Secret,
};
use serde_json::{Map, Value};

use super::{
    fields::Fields,
    password_secrets,
    real_name::{self, RealNames},
    sms::{self, SmsService},
};
use crate::config::report::{Problem, Words};

/// An entry of `uni-id/config.json` with a platform's section laid over it. Defaults are those of
/// uni-id-co. `Debug` shows only what is no secret and holds none.
pub struct AppConfig {
    /// `passwordSecret`, oldest first; empty if it is missing or wrong.
    pub password_secrets: Vec<PasswordSecret>,
    /// What tokens are made and checked with, or why none can be.
    pub token: Result<TokenPolicy, Problem>,
    /// `passwordErrorLimit`: wrong passwords from one address that lock an account for it.
    pub password_error_limit: u32,
    /// `passwordErrorRetryTime`: how long, seconds after the last one.
    pub password_error_retry_time: u32,
    /// `autoSetInviteCode`
    pub auto_set_invite_code: bool,
    /// `forceInviteCode`
    pub force_invite_code: bool,
    /// `userRegisterDefaultRole`; never contains `admin`.
    pub user_register_default_role: Vec<String>,
    /// `passwordStrength`
    pub password_strength: Option<Strength>,
    /// `service.sms`
    pub sms: Option<SmsService>,
    /// `oauth`
    pub oauth: Map<String, Value>,
    /// `service`
    pub service: Map<String, Value>,
    /// `requestAuthSecret`: the key of external systems' signatures.
    pub request_auth_secret: Option<Secret>,
    /// Real-name verification.
    pub real_names: RealNames,
    /// The whole entry as the platform sees it.
    pub raw: Arc<Value>,
}

impl fmt::Debug for AppConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppConfig").field("password_secrets", &self.password_secrets).field("token", &self.token).finish_non_exhaustive()
    }
}

/// The longest time that may be configured: ten years, seconds.
const LONGEST_S: u32 = 3650 * 86_400;

impl AppConfig {
    /// Reads an entry. Always gives a configuration; what is wrong is noted in `fields`.
    pub fn read(root: &Arc<Value>, fields: &mut Fields<'_>, argon2: Argon2Cost) -> Self {
        Self {
            password_secrets: password_secrets::read(fields, argon2),
            token: token(fields),
            password_error_limit: fields.whole(&["passwordErrorLimit"], 1..=1_000_000).unwrap_or(6),
            password_error_retry_time: fields.whole(&["passwordErrorRetryTime"], 0..=LONGEST_S).unwrap_or(3600),
            auto_set_invite_code: fields.boolean(&["autoSetInviteCode"]),
            force_invite_code: fields.boolean(&["forceInviteCode"]),
            user_register_default_role: default_role(fields),
            password_strength: strength(fields),
            sms: sms::read(fields),
            oauth: fields.object(&["oauth"]).cloned().unwrap_or_default(),
            service: fields.object(&["service"]).cloned().unwrap_or_default(),
            request_auth_secret: fields.secret(&["requestAuthSecret"]),
            real_names: real_name::read(fields),
            raw: root.clone(),
        }
    }
}

fn token(fields: &mut Fields<'_>) -> Result<TokenPolicy, Problem> {
    let secret = fields.secret(&["tokenSecret"]).ok_or_else(|| {
        fields.problem(
            &["tokenSecret"],
            Words::new(
                "没有可用的 tokenSecret，无法签发或验证 token",
                "there is no usable tokenSecret: tokens can be neither made nor checked",
            ),
            Words::new(
                "新项目填一段随机文本，例如 openssl rand -hex 32；已有项目照抄原来的值",
                "new projects put a random text here, for instance from openssl rand -hex 32; others copy the value they had",
            ),
        )
    });
    let before = fields.problems.len();
    let expires_in = fields.whole(&["tokenExpiresIn"], 1..=LONGEST_S).unwrap_or(7200);
    let threshold = fields.whole(&["tokenExpiresThreshold"], 0..=LONGEST_S).unwrap_or(1200);
    let max_tokens = fields.whole(&["maxTokenLength"], 0..=1_000_000).unwrap_or(10);
    if threshold >= expires_in {
        // Every call would renew the token.
        fields.problem(
            &["tokenExpiresThreshold"],
            Words::new(
                format!("tokenExpiresThreshold（{threshold}）必须小于 tokenExpiresIn（{expires_in}）"),
                format!("tokenExpiresThreshold ({threshold}) must be less than tokenExpiresIn ({expires_in})"),
            ),
            Words::new("调小前者或调大后者；0 表示不自动续期", "lower the one or raise the other; 0 means no renewal"),
        );
    }
    let secret = secret?;
    match fields.problems.get(before) {
        None => Ok(TokenPolicy {
            secret,
            expires_in: expires_in.into(),
            threshold: threshold.into(),
            max_tokens: usize::try_from(max_tokens).unwrap_or(usize::MAX),
        }),
        Some(problem) => Err(problem.clone()),
    }
}

fn default_role(fields: &mut Fields<'_>) -> Vec<String> {
    let mut roles = fields.texts(&["userRegisterDefaultRole"]);
    if roles.iter().any(|role| role == "admin") {
        roles.retain(|role| role != "admin");
        fields.problem(
            &["userRegisterDefaultRole"],
            Words::new("含有 admin：每个注册的人都会成为管理员", "contains admin: everyone who registers would be an administrator"),
            Words::new("去掉 admin", "take admin out"),
        );
    }
    roles
}

fn strength(fields: &mut Fields<'_>) -> Option<Strength> {
    const PATH: &[&str] = &["passwordStrength"];
    let found = match fields.value(PATH)? {
        Value::Bool(false) => return None,
        Value::String(name) if name.is_empty() => return None,
        Value::String(name) => Strength::from_name(name),
        _ => None,
    };
    if found.is_none() {
        fields.problem(
            PATH,
            Words::new("不是密码强度", "is no password strength"),
            Words::new(
                "可选：super、strong、medium、weak；false 表示不检查",
                "choose from super, strong, medium, weak; false for no check",
            ),
        );
    }
    found
}
