//! `loginBySms`: by a code sent to the number; registers numbers that are new.

use serde_json::Map;

use lingpai_domain::{
    account::IdentityKind,
    error::Code,
    log::{LogSubject, LogType},
    store::{CodeTarget, IdentityQuery},
    validate::{Params, Rule, optional, required},
};

use super::{
    super::*,
    find_or_register::{self, Proven},
};

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
    errors: &[
        Code::MobileVerifyCodeError,
        Code::CaptchaRequired,
        Code::CaptchaVerifyFail,
        Code::CaptchaVerifyOverdue,
        Code::AccountConflict,
        Code::AccountBanned,
        Code::AccountAuditing,
        Code::AccountAuditFailed,
        Code::AccountClosed,
        Code::InvalidInviteCode,
    ],
};

const SCENE: &str = "login-by-sms";

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let mobile = params.required_text("mobile")?;
        let context = scope.context();
        scope.tokens()?;
        let query = IdentityQuery { kind: IdentityKind::Mobile, values: vec![mobile.to_owned()], app: scope.client.app_id.clone() };
        let recent = context.recent(LogType::Login, IdentityKind::Mobile, mobile);
        let found = context.store.candidates(&query, Some(&recent)).await?;
        context.verify_needed_captcha(found.failed_thrice, scope.codes(), SCENE, params.text("captcha")).await?;
        let subject = LogSubject::Identifier(IdentityKind::Mobile, mobile.to_owned());
        let wrong = context.log_row(LogType::Login, subject, false);
        let target = CodeTarget::Mobile(mobile.to_owned());
        context.verify_code(scope.codes(), target, SCENE, params.required_text("code")?, Some(wrong)).await?;

        let found = find_or_register::judge(scope, found).await?;
        find_or_register::finish(scope, &Proven::mobile(mobile), found, Map::new(), params.text("inviteCode")).await
    })
}
