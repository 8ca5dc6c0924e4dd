//! `loginByUniverify`: one click; the mobile network vouches for the number.

use serde_json::Map;

use lingpai_domain::validate::{Params, Rule, optional, required};

use super::{
    super::*,
    find_or_register::{self, Proven},
};
use crate::third_party::UniverifyService;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginByUniverify",
    summary: Summary {
        zh: "App 一键登录,号码未注册时自动注册",
        en: "One-click sign-in of apps with the phone's own number; registers numbers that are new",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[required("access_token", Rule::Text), required("openid", Rule::Text), optional("inviteCode", Rule::Text)],
    outputs: find_or_register::OUTPUTS,
    errors: find_or_register::THIRD_PARTY_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let service = UniverifyService::of(scope)?;
        scope.tokens()?;
        let mobile = match service.mobile(params.required_text("access_token")?, params.required_text("openid")?).await {
            Ok(mobile) => mobile,
            Err(error) => return find_or_register::refuse(scope, error).await,
        };
        let proven = Proven::mobile(&mobile);
        let found = find_or_register::find(scope, &proven).await?;
        find_or_register::finish(scope, &proven, found, Map::new(), params.text("inviteCode")).await
    })
}
