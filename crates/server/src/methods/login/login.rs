//! `login`: user name, mobile number or e-mail address, and password.

use lingpai_domain::{
    account::{IdentityKind, User},
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    password::Verdict,
    session::PasswordProof,
    store::{FailedLogin, FailedOutcome, IdentityQuery, LockRule},
    validate::{Params, Rule, optional, required},
};

use super::{super::*, ATTEMPTS, the_one};
use crate::methods::register::SESSION_OUTPUTS;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "login",
    summary: Summary {
        zh: "用户名、手机号或邮箱(三选一)加密码登录",
        en: "Signs in with a password and one of user name, mobile number and e-mail address",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[
        optional("username", Rule::Username),
        optional("mobile", Rule::Mobile),
        optional("email", Rule::Email),
        required("password", Rule::Password),
        optional("captcha", Rule::Text),
    ],
    outputs: SESSION_OUTPUTS,
    errors: &[
        Code::AccountNotExists,
        Code::AccountNotExistsInCurrentApp,
        Code::AccountConflict,
        Code::AccountBanned,
        Code::AccountAuditing,
        Code::AccountAuditFailed,
        Code::AccountClosed,
        Code::PasswordError,
        Code::PasswordErrorExceedLimit,
        Code::CaptchaRequired,
        Code::CaptchaVerifyFail,
        Code::CaptchaVerifyOverdue,
        Code::ServerBusy,
        Code::SecondStepRequired,
    ],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let attempt = Attempt::new(scope, &params)?;
        let context = scope.context();
        let recent = context.recent(LogType::Login, attempt.kind.clone(), attempt.typed);
        let mut found = context.store.candidates(&attempt.query(), Some(&recent)).await?;
        let captcha = params.text("captcha");
        context.verify_needed_captcha(found.failed_thrice, scope.codes(), "login-by-pwd", captcha).await?;
        for _ in 0..ATTEMPTS {
            let user = match the_one(found) {
                Ok(user) => user,
                Err(code) => return attempt.unknown(code).await,
            };
            if let Some(answer) = attempt.of(user).await? {
                return Ok(answer);
            }
            found = context.store.candidates(&attempt.query(), None).await?;
        }
        Err(Error::new(Code::SystemError))
    })
}

struct Attempt<'a> {
    scope: &'a Scope<'a>,
    kind: IdentityKind,
    typed: &'a str,
    password: &'a str,
}

impl<'a> Attempt<'a> {
    fn new(scope: &'a Scope<'a>, params: &'a Params) -> Result<Self> {
        let mut given = [IdentityKind::Username, IdentityKind::Mobile, IdentityKind::Email]
            .into_iter()
            .filter_map(|kind| params.non_empty_text(kind.wire()).map(|typed| (kind, typed)));
        let (kind, typed) = given.next().ok_or_else(|| Error::new(Code::InvalidUsername))?;
        if given.next().is_some() {
            return Err(Error::new(Code::InvalidParam).with("param", "username, mobile, email"));
        }
        Ok(Self { scope, kind, typed, password: params.required_text("password")? })
    }

    fn query(&self) -> IdentityQuery {
        let mut values = vec![self.typed.to_owned()];
        let lower = self.typed.to_lowercase();
        if lower != self.typed {
            values.push(lower);
        }
        IdentityQuery { kind: self.kind.clone(), values, app: self.scope.client.app_id.clone() }
    }

    fn log_row(&self) -> lingpai_domain::log::LogRow {
        let subject = LogSubject::Identifier(self.kind.clone(), self.typed.to_owned());
        self.scope.context().log_row(LogType::Login, subject, false)
    }

    async fn refuse<T>(&self, code: Code) -> Result<T> {
        self.scope.context().store.append_log(&self.log_row()).await?;
        Err(code.into())
    }

    /// Takes as long as a wrong password does.
    async fn unknown<T>(&self, code: Code) -> Result<T> {
        self.scope.pretend_password(self.password).await?;
        self.refuse(if self.scope.state.hides_existence() { Code::PasswordError } else { code }).await
    }

    /// `Ok(None)`: the user changed in between.
    async fn of(&self, user: User) -> Result<Option<Answer>> {
        let scope = self.scope;
        let status = user.status();
        if let Some(status) = status
            && !scope.state.hides_existence()
        {
            return self.refuse(status.code()).await;
        }
        let lock = LockRule {
            limit: scope.config.password_error_limit.into(),
            retry_ms: i64::from(scope.config.password_error_retry_time) * 1000,
        };
        match scope.verify_password(&user, self.password).await? {
            Verdict::Match { outdated } => {
                if let Some(status) = status {
                    return self.refuse(status.code()).await;
                }
                let rehash = if outdated { Some(scope.hash_password(self.password).await?) } else { None };
                let proof = PasswordProof { lock: Some(lock), rehash, ..PasswordProof::default() };
                match scope.context().sign_in(&user, scope.tokens()?, proof, scope.present.as_ref()).await {
                    Ok(token) => {
                        Ok(token.map(|token| Answer::ok().with_token(token).with("uid", user.id()).with("passwordConfirmed", true)))
                    }
                    Err(error) if error.code == Code::PasswordErrorExceedLimit => self.refuse(error.code).await,
                    Err(error) => Err(error),
                }
            }
            Verdict::Mismatch => {
                let failure = FailedLogin {
                    uid: user.id().to_owned(),
                    ip: scope.client.ip.clone(),
                    now: scope.state.base.clock.now_ms(),
                    lock,
                    log: self.log_row(),
                };
                match scope.context().store.fail_login(&failure).await? {
                    FailedOutcome::Counted => Err(Code::PasswordError.into()),
                    FailedOutcome::Locked => Err(Code::PasswordErrorExceedLimit.into()),
                }
            }
            Verdict::Unverifiable(why) => {
                tracing::warn!(uid = user.id(), why, "a stored password cannot be compared");
                scope.pretend_password(self.password).await?;
                self.refuse(Code::PasswordError).await
            }
        }
    }
}
