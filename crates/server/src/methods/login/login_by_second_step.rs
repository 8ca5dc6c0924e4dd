//! `loginBySecondStep`: the end of a sign-in that takes two steps.

use lingpai_domain::{
    error::{Code, Error},
    log::{LogSubject, LogType},
    session::{LinkedSignIn, PasswordProof},
    validate::{Params, Rule, required},
};

use super::{super::*, ATTEMPTS, find_or_register, signed_in};
use crate::methods::register::SESSION_OUTPUTS;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginBySecondStep",
    summary: Summary {
        zh: "完成两步登录(令牌扩展):ticket 来自 uni-id-second-step-required 应答中的 secondStep.ticket,五分钟内有效;code 为身份验证器的验证码或恢复码",
        en: "Ends a sign-in that takes two steps (ours): ticket is secondStep.ticket of the uni-id-second-step-required answer, valid for five minutes; code is one of the authenticator app, or a recovery code",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[required("ticket", Rule::Text), required("code", Rule::Text)],
    outputs: SESSION_OUTPUTS,
    errors: &[
        Code::SecondStepExpired,
        Code::SecondStepError,
        Code::SecondStepExceedLimit,
        Code::SecondStepNotExists,
        Code::AccountConflict,
        Code::AccountBanned,
        Code::AccountAuditing,
        Code::AccountAuditFailed,
        Code::AccountClosed,
    ],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let context = scope.context();
        let ticket = context.read_ticket(params.required_text("ticket")?)?;
        let user = context.store.user(&ticket.uid).await?.ok_or(Code::SecondStepExpired)?;
        if let Some(status) = user.status() {
            return Err(status.code().into());
        }
        ticket.check_against(&user)?;
        let lock = scope.lock_rule();
        if let Err(error) = context.answer_ticket(&ticket, params.required_text("code")?, lock).await {
            if matches!(error.code, Code::SecondStepError | Code::SecondStepExceedLimit) {
                let row = context.log_row(LogType::Login, LogSubject::User(ticket.uid.clone()), false);
                context.store.append_log(&row).await?;
            }
            return Err(error);
        }
        let mut found = Some(user);
        for _ in 0..ATTEMPTS {
            let user = match found.take() {
                Some(user) => user,
                None => context.store.user(&ticket.uid).await?.ok_or(Code::SecondStepExpired)?,
            };
            if let Some(status) = user.status() {
                return Err(status.code().into());
            }
            ticket.check_against(&user)?;
            let proof = PasswordProof { lock: ticket.by_password.then_some(lock), second_step_done: true, ..PasswordProof::default() };
            match context.sign_in_linked(&user, &ticket.link, scope.tokens()?, proof, scope.present.as_ref()).await? {
                LinkedSignIn::Done(token) => return Ok(signed_in(token, &user)),
                LinkedSignIn::Taken => return find_or_register::refuse(scope, Code::AccountConflict.into()).await,
                LinkedSignIn::Stale => {}
            }
        }
        Err(Error::new(Code::SystemError))
    })
}
