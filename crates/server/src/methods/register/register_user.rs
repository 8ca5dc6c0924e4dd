//! `registerUser`: by user name and password, with a captcha.

use serde_json::Map;

use lingpai_domain::{
    error::Code,
    registration::Newcomer,
    validate::{Params, Rule, optional, required},
};

use super::{super::*, SESSION_OUTPUTS, add_password_and_nickname, check_app, finish};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "register",
    name: "registerUser",
    summary: Summary { zh: "用户名密码注册", en: "Registers with a user name and a password" },
    access: Access::Anyone(handle),
    bucket: Bucket::Register,
    fields: &[
        required("username", Rule::Username),
        required("password", Rule::Password),
        required("captcha", Rule::Text),
        optional("nickname", Rule::Nickname),
        optional("inviteCode", Rule::Text),
    ],
    outputs: SESSION_OUTPUTS,
    errors: &[Code::AccountExists, Code::CaptchaVerifyFail, Code::CaptchaVerifyOverdue, Code::InvalidInviteCode],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        check_app(scope)?;
        scope.check_passwords()?;
        scope.context().verify_captcha(scope.codes(), "register", params.required_text("captcha")?).await?;
        let mut fields = Map::new();
        fields.insert("username".into(), params.required_text("username")?.to_lowercase().into());
        add_password_and_nickname(scope, &mut fields, &params).await?;
        let invite_code = params.text("inviteCode").map(str::to_owned);
        finish(scope, Newcomer { fields, invite_code, ..Newcomer::default() }).await
    })
}
