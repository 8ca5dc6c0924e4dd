//! `bindMobileBySms`: a number, proven by a code sent to it.

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
    name: "bindMobileBySms",
    summary: Summary {
        zh: "通过短信验证码绑定手机号,替换原先绑定的号码",
        en: "Binds a mobile number with a code sent by SMS, in place of the former one",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("mobile", Rule::Mobile), required("code", Rule::Text), optional("captcha", Rule::Text)],
    outputs: &[],
    errors: &[
        Code::MobileVerifyCodeError,
        Code::CaptchaRequired,
        Code::CaptchaVerifyFail,
        Code::CaptchaVerifyOverdue,
        Code::BindConflict,
        Code::AccountNotExists,
    ],
};

const SCENE: &str = "bind-mobile-by-sms";

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let mobile = params.required_text("mobile")?;
        let context = scope.context();
        let recent = context.recent(LogType::BindMobile, LogSubject::user_field(), caller.uid());
        let needed = context.store.failed_thrice(&recent).await?;
        context.verify_needed_captcha(needed, scope.codes(), SCENE, params.text("captcha")).await?;
        let row = |success| context.log_row(LogType::BindMobile, LogSubject::counted_user(caller.uid()), success);
        let target = CodeTarget::Mobile(mobile.to_owned());
        context.verify_code(scope.codes(), target, SCENE, params.required_text("code")?, Some(row(false))).await?;
        let edited = context.edit_user(caller.uid(), |user| {
            let mut doc = user.doc.clone();
            doc.insert("mobile".into(), mobile.into());
            doc.insert("mobile_confirmed".into(), 1.into());
            Ok(Some(Edit { doc, log: Some(row(true)), on_taken: Some(row(false)) }))
        });
        match edited.await? {
            Edited::Done => Ok(Answer::ok()),
            Edited::Taken => Err(Code::BindConflict.into()),
            Edited::Gone => Err(Code::AccountNotExists.into()),
        }
    })
}
