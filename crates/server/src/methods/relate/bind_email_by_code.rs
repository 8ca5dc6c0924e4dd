//! `bindEmailByCode`: an address, proven by a code sent to it.

use lingpai_domain::{
    editing::{Edit, Edited},
    error::Code,
    log::{LogSubject, LogType},
    store::CodeTarget,
    validate::{Params, Rule, optional, required},
};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "bindEmailByCode",
    summary: Summary {
        zh: "通过邮箱验证码绑定邮箱(令牌扩展),替换原先绑定的邮箱。验证码的场景为 bind-email",
        en: "Binds an e-mail address with a code sent to it (ours), in place of the former one. The code's scene is bind-email",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("email", Rule::Email), required("code", Rule::Text), optional("captcha", Rule::Text)],
    outputs: &[],
    errors: &[
        Code::EmailVerifyCodeError,
        Code::CaptchaRequired,
        Code::CaptchaVerifyFail,
        Code::CaptchaVerifyOverdue,
        Code::BindConflict,
        Code::AccountNotExists,
    ],
};

const SCENE: &str = "bind-email";

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let email = params.required_text("email")?.to_lowercase();
        let context = scope.context();
        let recent = context.recent(LogType::BindEmail, LogSubject::user_field(), caller.uid());
        let needed = context.store.failed_thrice(&recent).await?;
        context.verify_needed_captcha(needed, scope.codes(), SCENE, params.text("captcha")).await?;
        let row = |success| context.log_row(LogType::BindEmail, LogSubject::counted_user(caller.uid()), success);
        let target = CodeTarget::Email(email.clone());
        context.verify_code(scope.codes(), target, SCENE, params.required_text("code")?, Some(row(false))).await?;
        let edited = context.edit_user(caller.uid(), |user| {
            let mut doc = user.doc.clone();
            doc.insert("email".into(), email.clone().into());
            doc.insert("email_confirmed".into(), 1.into());
            Ok(Some(Edit { doc, log: Some(row(true)), on_taken: Some(row(false)) }))
        });
        match edited.await? {
            Edited::Done => Ok(Answer::ok()),
            Edited::Taken => Err(Code::BindConflict.into()),
            Edited::Gone => Err(Code::AccountNotExists.into()),
        }
    })
}
