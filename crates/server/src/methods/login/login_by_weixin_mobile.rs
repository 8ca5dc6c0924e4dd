//! `loginByWeixinMobile`: by the code of a mini program's `getPhoneNumber` button; WeChat vouches for the
//! number.

use serde_json::Map;

use lingpai_domain::{
    error::{Code, Error},
    validate::{Params, Rule, optional, required},
};

use super::{
    super::*,
    find_or_register::{self, Proven},
};
use crate::weixin::{WeixinPlatform, phone_number};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginByWeixinMobile",
    summary: Summary {
        zh: "微信授权手机号登录(小程序),号码未注册时自动注册",
        en: "Signs in with the mobile number that WeChat vouches for (mini program); registers numbers that are new",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[required("phoneCode", Rule::Text), optional("inviteCode", Rule::Text)],
    outputs: find_or_register::OUTPUTS,
    errors: find_or_register::THIRD_PARTY_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let platform = WeixinPlatform::of(scope.client)?;
        if platform != WeixinPlatform::MiniProgram {
            return find_or_register::refuse(scope, Error::new(Code::GetThirdPartyAccountFailed)).await;
        }
        let application = platform.application(&scope.config)?;
        scope.tokens()?;
        let mobile = match phone_number(scope, &application, params.required_text("phoneCode")?).await {
            Ok(mobile) => mobile,
            Err(error) => return find_or_register::refuse(scope, error).await,
        };
        let proven = Proven::mobile(&mobile);
        let found = find_or_register::find(scope, &proven).await?;
        find_or_register::finish(scope, &proven, found, Map::new(), params.text("inviteCode")).await
    })
}
