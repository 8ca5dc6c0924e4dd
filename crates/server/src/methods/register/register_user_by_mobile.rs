//! `registerUserByMobile`: by a code sent to the number, with a password.

use serde_json::Map;

use lingpai_domain::{
    account::IdentityKind,
    error::Code,
    log::{LogSubject, LogType},
    registration::Newcomer,
    store::CodeTarget,
    validate::{Params, Rule, optional, required},
};

use super::{super::*, SESSION_OUTPUTS, add_password_and_nickname, check_app, finish};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "register",
    name: "registerUserByMobile",
    summary: Summary {
        zh: "短信验证码注册并设置密码(令牌扩展)。验证码的场景为 register-by-sms",
        en: "Registers with a code sent by SMS and a password (ours). The code's scene is register-by-sms",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Register,
    fields: &[
        required("mobile", Rule::Mobile),
        required("password", Rule::Password),
        required("code", Rule::Text),
        optional("nickname", Rule::Nickname),
        optional("inviteCode", Rule::Text),
    ],
    outputs: SESSION_OUTPUTS,
    errors: &[Code::AccountExists, Code::MobileVerifyCodeError, Code::InvalidInviteCode],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        check_app(scope)?;
        scope.check_passwords()?;
        let mobile = params.required_text("mobile")?;
        let context = scope.context();
        let wrong = context.log_row(LogType::Register, LogSubject::Identifier(IdentityKind::Mobile, mobile.to_owned()), false);
        let target = CodeTarget::Mobile(mobile.to_owned());
        context.verify_code(scope.codes(), target, "register-by-sms", params.required_text("code")?, Some(wrong)).await?;
        let mut fields = Map::new();
        fields.insert("mobile".into(), mobile.into());
        add_password_and_nickname(scope, &mut fields, &params).await?;
        fields.insert("mobile_confirmed".into(), 1.into());
        let invite_code = params.text("inviteCode").map(str::to_owned);
        finish(scope, Newcomer { fields, invite_code, ..Newcomer::default() }).await
    })
}
