//! `loginByAlipay`: by a code of Alipay's mini programs.

use serde_json::Map;

use lingpai_domain::validate::{Params, Rule, optional, required};

use super::{
    super::*,
    find_or_register::{self, Proven},
};
use crate::third_party::AlipayApplication;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginByAlipay",
    summary: Summary {
        zh: "支付宝登录(小程序),尚未注册时自动注册", en: "Signs in with Alipay (mini program); registers who is new"
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[required("code", Rule::Text), optional("inviteCode", Rule::Text)],
    outputs: find_or_register::OUTPUTS,
    errors: find_or_register::THIRD_PARTY_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let application = AlipayApplication::of(scope)?;
        scope.tokens()?;
        let account = match application.account(scope, params.required_text("code")?).await {
            Ok(account) => account,
            Err(error) => return find_or_register::refuse(scope, error).await,
        };
        let proven = Proven::third_party(&account);
        let found = find_or_register::find(scope, &proven).await?;
        find_or_register::finish(scope, &proven, found, Map::new(), params.text("inviteCode")).await
    })
}
