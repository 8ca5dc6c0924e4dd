//! `loginByWeixin`: by a code of WeChat, in mini programs, pages of official accounts, websites (scanned
//! codes) and apps.

use lingpai_domain::{
    error::Code,
    validate::{Params, Rule, optional, required},
};

use super::{
    super::*,
    find_or_register::{self, Found, Proven},
};
use crate::weixin::{self, WeixinPlatform};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginByWeixin",
    summary: Summary {
        zh: "微信登录(小程序、公众号、网站扫码、App),尚未注册时自动注册",
        en: "Signs in with WeChat (mini program, official account, website, app); registers who is new",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[required("code", Rule::Text), optional("inviteCode", Rule::Text)],
    outputs: find_or_register::OUTPUTS,
    errors: ERRORS,
};

const ERRORS: &[Code] = &[
    Code::GetThirdPartyAccountFailed,
    Code::GetThirdPartyUserInfoFailed,
    Code::ConfigFieldRequired,
    Code::AccountConflict,
    Code::AccountBanned,
    Code::AccountAuditing,
    Code::AccountAuditFailed,
    Code::AccountClosed,
    Code::InvalidInviteCode,
];

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let platform = WeixinPlatform::of(scope.client)?;
        // `secureNetworkCache` from outside is ignored: what the secure network may use is the handshake's to say.
        sign_in(scope, platform, params.required_text("code")?, params.text("inviteCode"), false).await
    })
}

/// Signs in by a code. `for_secure_network`: whom the code stands for is kept under the code as well.
pub(in crate::methods) async fn sign_in(
    scope: &Scope<'_>,
    platform: WeixinPlatform,
    code: &str,
    invite_code: Option<&str>,
    for_secure_network: bool,
) -> Result<Answer> {
    let application = platform.application(&scope.config)?;
    scope.tokens()?;
    let visitor = match weixin::visitor(scope, platform, application, code).await {
        Ok(visitor) => visitor,
        Err(error) => return find_or_register::refuse(scope, error).await,
    };
    if for_secure_network {
        visitor.keep_for_secure_network(scope, code).await?;
    }
    let proven = Proven::third_party(&visitor.account);
    let found = find_or_register::find(scope, &proven).await?;
    let profile = match &found {
        Found::Nobody => visitor.profile(scope).await?,
        Found::Known(_) => Default::default(),
    };
    visitor.keep_keys(scope).await?;
    find_or_register::finish(scope, &proven, found, profile, invite_code).await
}
