//! `loginByQQ`: by a code (mini program) or an access token (app) of QQ.

use lingpai_domain::{
    error::Code,
    validate::{Params, Rule, optional},
};

use super::{
    super::*,
    find_or_register::{self, Found, Proven},
};
use crate::third_party::{QqApplication, QqProof};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginByQQ",
    summary: Summary {
        zh: "QQ 登录(小程序、App),尚未注册时自动注册", en: "Signs in with QQ (mini program, app); registers who is new"
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[
        optional("code", Rule::Text),
        optional("accessToken", Rule::Text),
        optional("accessTokenExpired", Rule::Number),
        optional("inviteCode", Rule::Text),
    ],
    outputs: find_or_register::OUTPUTS,
    errors: &[
        Code::GetThirdPartyAccountFailed,
        Code::GetThirdPartyUserInfoFailed,
        Code::ConfigFieldRequired,
        Code::AccountConflict,
        Code::AccountBanned,
        Code::AccountAuditing,
        Code::AccountAuditFailed,
        Code::AccountClosed,
        Code::InvalidInviteCode,
    ],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let application = QqApplication::of(scope)?;
        scope.tokens()?;
        let visitor = match application.visitor(scope, QqProof::of(&params)).await {
            Ok(visitor) => visitor,
            Err(error) => return find_or_register::refuse(scope, error).await,
        };
        let proven = Proven::third_party(&visitor.account);
        let found = find_or_register::find(scope, &proven).await?;
        let profile = match &found {
            Found::Nobody => visitor.profile(scope).await?,
            Found::Known(_) => Default::default(),
        };
        visitor.keep_keys(scope).await?;
        find_or_register::finish(scope, &proven, found, profile, params.text("inviteCode")).await
    })
}
