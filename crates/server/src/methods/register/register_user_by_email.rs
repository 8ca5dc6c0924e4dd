//! `registerUserByEmail`: by a code sent to the address.

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
    name: "registerUserByEmail",
    summary: Summary { zh: "邮箱验证码注册", en: "Registers with a code sent by e-mail" },
    access: Access::Anyone(handle),
    bucket: Bucket::Register,
    fields: &[
        required("email", Rule::Email),
        required("password", Rule::Password),
        required("code", Rule::Text),
        optional("nickname", Rule::Nickname),
        optional("inviteCode", Rule::Text),
    ],
    outputs: SESSION_OUTPUTS,
    errors: &[Code::AccountExists, Code::EmailVerifyCodeError, Code::InvalidInviteCode],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        check_app(scope)?;
        scope.check_passwords()?;
        let typed = params.required_text("email")?;
        let email = typed.to_lowercase();
        let context = scope.context();
        let wrong = context.log_row(LogType::Register, LogSubject::Identifier(IdentityKind::Email, typed.to_owned()), false);
        let target = CodeTarget::Email(email.clone());
        context.verify_code(scope.codes(), target, "register", params.required_text("code")?, Some(wrong)).await?;
        let mut fields = Map::new();
        fields.insert("email".into(), email.into());
        add_password_and_nickname(scope, &mut fields, &params).await?;
        fields.insert("email_confirmed".into(), 1.into());
        let invite_code = params.text("inviteCode").map(str::to_owned);
        finish(scope, Newcomer { fields, invite_code, ..Newcomer::default() }).await
    })
}
