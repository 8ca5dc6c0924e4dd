//! `loginByEmailCode`: by a code sent to the address; registers addresses that are new.

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
    name: "loginByEmailCode",
    summary: Summary {
        zh: "邮箱验证码登录(令牌扩展),邮箱未注册时自动注册。验证码的场景为 login-by-email",
        en: "Signs in with a code sent by e-mail (ours); registers addresses that are new. The code's scene is login-by-email",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[
        required("email", Rule::Email),
        required("code", Rule::Text),
        optional("captcha", Rule::Text),
        optional("inviteCode", Rule::Text),
    ],
    outputs: find_or_register::OUTPUTS,
    errors: &by_code::errors(Code::EmailVerifyCodeError),
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let typed = params.required_text("email")?;
        let target = CodeTarget::Email(typed.to_lowercase());
        let sent = by_code::Sent { kind: IdentityKind::Email, confirmed: "email_confirmed", typed, target, scene: "login-by-email" };
        by_code::login(scope, &params, sent).await
    })
}
