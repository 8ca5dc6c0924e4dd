//! `loginBySms`: by a code sent to the number; registers numbers that are new.

use lingpai_domain::{
    account::IdentityKind,
    error::Code,
    store::CodeTarget,
    validate::{Params, Rule, optional, required},
};

use super::{super::*, by_code, find_or_register};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginBySms",
    summary: Summary {
        zh: "短信验证码登录,手机号未注册时自动注册",
        en: "Signs in with a code sent by SMS; registers numbers that are new",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[
        required("mobile", Rule::Mobile),
        required("code", Rule::Text),
        optional("captcha", Rule::Text),
        optional("inviteCode", Rule::Text),
    ],
    outputs: find_or_register::OUTPUTS,
    errors: &by_code::errors(Code::MobileVerifyCodeError),
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let typed = params.required_text("mobile")?;
        let target = CodeTarget::Mobile(typed.to_owned());
        let sent = by_code::Sent { kind: IdentityKind::Mobile, confirmed: "mobile_confirmed", typed, target, scene: "login-by-sms" };
        by_code::login(scope, &params, sent).await
    })
}
