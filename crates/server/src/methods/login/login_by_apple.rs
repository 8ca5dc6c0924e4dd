//! `loginByApple`: by an identity token of Apple's.

use serde_json::Map;

use lingpai_domain::validate::{Params, Rule, optional, required};

use super::{
    super::*,
    find_or_register::{self, Proven},
};
use crate::third_party::AppleApplication;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginByApple",
    summary: Summary {
        zh: "Apple 登录,尚未注册时自动注册;nickname 只在注册时采用",
        en: "Signs in with Apple; registers who is new, and only then takes the nickname",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[
        required("identityToken", Rule::Text),
        optional("nickname", Rule::Nickname),
        optional("inviteCode", Rule::Text),
        optional("nonce", Rule::Text),
    ],
    outputs: find_or_register::OUTPUTS,
    errors: find_or_register::THIRD_PARTY_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let application = AppleApplication::of(scope)?;
        scope.tokens()?;
        let account = match application.account(scope, params.required_text("identityToken")?, params.text("nonce")).await {
            Ok(account) => account,
            Err(error) => return find_or_register::refuse(scope, error).await,
        };
        let proven = Proven::third_party(&account);
        let found = find_or_register::find(scope, &proven).await?;
        // Deviation 9: somebody who is known keeps the nickname.
        let profile = params.present("nickname").map(|nickname| ("nickname".to_owned(), nickname.clone()));
        find_or_register::finish(scope, &proven, found, Map::from_iter(profile), params.text("inviteCode")).await
    })
}
