//! `bindApple`

use lingpai_domain::{
    log::LogType,
    validate::{Params, Rule, optional, required},
};

use super::{super::*, bind};
use crate::third_party::AppleApplication;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "bindApple",
    summary: Summary {
        zh: "绑定 Apple 账号,替换原先绑定的账号", en: "Binds an Apple account, in place of the one that was bound"
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("identityToken", Rule::Text), optional("nonce", Rule::Text)],
    outputs: &[],
    errors: bind::ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let application = AppleApplication::of(scope)?;
        match application.account(scope, params.required_text("identityToken")?, params.text("nonce")).await {
            Ok(account) => bind::bind(scope, caller, &account, LogType::BindApple).await,
            Err(error) => bind::refuse(scope, LogType::BindApple, error).await,
        }
    })
}
