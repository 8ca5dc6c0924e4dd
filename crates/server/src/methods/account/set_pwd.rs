//! `setPwd`: a first password, proven by a code sent to the bound number.

use lingpai_domain::{
    account::IdentityKind,
    error::{Code, Error},
    log::{LogSubject, LogType},
    project::AccountEvent,
    store::{CodeTarget, PasswordChange, PasswordChanged},
    validate::{Params, Rule, optional, required},
};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "account",
    name: "setPwd",
    summary: Summary { zh: "通过短信验证码设置密码", en: "Sets a password with a code sent by SMS" },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("password", Rule::Password), required("code", Rule::Text), optional("captcha", Rule::Text)],
    outputs: &[],
    errors: &[
        Code::MobileVerifyCodeError,
        Code::CaptchaRequired,
        Code::CaptchaVerifyFail,
        Code::CaptchaVerifyOverdue,
        Code::AccountNotExists,
        Code::UnbindMobileNotExists,
    ],
};

const SCENE: &str = "set-pwd-by-sms";

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        scope.check_passwords()?;
        let context = scope.context();
        let mut user = context.store.user(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
        let mobile = user.text("mobile").filter(|mobile| !mobile.is_empty()).ok_or(Code::UnbindMobileNotExists)?.to_owned();
        // The type is the original's: it has none of its own for this.
        let recent = context.recent(LogType::Login, IdentityKind::Mobile, &mobile);
        let needed = context.store.failed_thrice(&recent).await?;
        context.verify_needed_captcha(needed, scope.codes(), SCENE, params.text("captcha")).await?;
        let row = |success| context.log_row(LogType::Login, LogSubject::Identifier(IdentityKind::Mobile, mobile.clone()), success);
        let target = CodeTarget::Mobile(mobile.clone());
        context.verify_code(scope.codes(), target, SCENE, params.required_text("code")?, Some(row(false))).await?;
        let (password, version) = scope.hash_password(params.required_text("password")?).await?;
        for _ in 0..3 {
            // Somebody who lost the number in the meantime proved nothing.
            if user.text("mobile") != Some(&mobile) {
                return Err(Code::MobileVerifyCodeError.into());
            }
            let change = PasswordChange {
                uid: caller.uid().to_owned(),
                revision: user.revision,
                password: password.clone(),
                version,
                valid_token_date: None,
                log: Some(row(true)),
                told: context.told(AccountEvent::PasswordChange, caller.uid()),
            };
            if context.store.change_password(&change).await? == PasswordChanged::Done {
                context.tell_scripts(AccountEvent::PasswordChange, caller.uid());
                return Ok(Answer::ok());
            }
            user = context.store.user(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
        }
        Err(Error::new(Code::SystemError))
    })
}
