//! `resetPwdBySms`: a new password, proven by a code sent to the number.

use lingpai_domain::{
    account::IdentityKind,
    store::CodeTarget,
    validate::{Params, Rule, optional, required},
};

use super::{super::*, reset};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "account",
    name: "resetPwdBySms",
    summary: Summary {
        zh: "通过短信验证码重置密码;此前签发的 token 全部失效",
        en: "Sets a new password with a code sent by SMS; tokens issued before are void",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[
        required("mobile", Rule::Mobile),
        required("code", Rule::Text),
        required("password", Rule::Password),
        optional("captcha", Rule::Text),
    ],
    outputs: &[],
    errors: reset::ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let mobile = params.required_text("mobile")?;
        let target = CodeTarget::Mobile(mobile.to_owned());
        reset::reset(scope, &params, IdentityKind::Mobile, mobile, target, "reset-pwd-by-sms").await
    })
}
