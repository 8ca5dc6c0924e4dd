//! `resetPwdByEmail`: a new password, proven by a code sent to the address.

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
    name: "resetPwdByEmail",
    summary: Summary {
        zh: "通过邮箱验证码重置密码;此前签发的 token 全部失效",
        en: "Sets a new password with a code sent by e-mail; tokens issued before are void",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[
        required("email", Rule::Email),
        required("code", Rule::Text),
        required("password", Rule::Password),
        optional("captcha", Rule::Text),
    ],
    outputs: &[],
    errors: reset::ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let typed = params.required_text("email")?;
        let target = CodeTarget::Email(typed.to_lowercase());
        reset::reset(scope, &params, IdentityKind::Email, typed, target, "reset-pwd-by-email").await
    })
}
