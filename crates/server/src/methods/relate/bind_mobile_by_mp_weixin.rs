//! `bindMobileByMpWeixin`: the number that a mini program's `getPhoneNumber` button brings, as a code, or
//! encrypted (`encryptedData` and `iv`) where the base library is old.

use lingpai_domain::{
    error::{Code, Error},
    validate::{Params, Rule, optional},
};

use super::{super::*, bind};
use crate::weixin::{WeixinPlatform, decrypted_phone_number, phone_number};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "bindMobileByMpWeixin",
    summary: Summary {
        zh: "通过微信小程序授权绑定手机号(code,或 encryptedData 与 iv)",
        en: "Binds the mobile number that a WeChat mini program vouches for (code, or encryptedData and iv)",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[optional("encryptedData", Rule::Text), optional("iv", Rule::Text), optional("code", Rule::Text)],
    outputs: &[],
    errors: bind::MOBILE_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let missing = |param: &'static str| Error::new(Code::InvalidParam).with("param", param);
        let mobile = match (params.text("code"), params.text("encryptedData"), params.text("iv")) {
            (Some(code), ..) => phone_number(scope, &mini_program(scope)?, code).await?,
            (None, Some(data), Some(iv)) => {
                let user = scope.context().store.user(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
                decrypted_phone_number(scope, &mini_program(scope)?, &user, data, iv).await?
            }
            // As recorded: the only refusal that comes without words.
            (None, None, None) => return Ok(Answer::ok().with("errCode", Code::InvalidParam.wire())),
            (None, Some(_), None) => return Err(missing("iv")),
            (None, None, Some(_)) => return Err(missing("encryptedData")),
        };
        bind::bind_mobile(scope, caller, &mobile).await
    })
}

fn mini_program(scope: &Scope<'_>) -> lingpai_domain::error::Result<lingpai_providers::weixin::Application> {
    match WeixinPlatform::of(scope.client)? {
        WeixinPlatform::MiniProgram => WeixinPlatform::MiniProgram.application(&scope.config),
        _ => Err(Error::new(Code::InvalidParam).with("param", "clientInfo.uniPlatform")),
    }
}
