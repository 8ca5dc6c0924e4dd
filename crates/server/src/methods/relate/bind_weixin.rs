//! `bindWeixin`

use lingpai_domain::{
    log::LogType,
    validate::{Params, Rule, required},
};

use super::{super::*, bind};
use crate::weixin::{self, WeixinPlatform};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "bindWeixin",
    summary: Summary {
        zh: "绑定微信,替换同一平台上原先绑定的微信", en: "Binds WeChat, in place of the one of the same platform"
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("code", Rule::Text)],
    outputs: &[],
    errors: bind::ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let platform = WeixinPlatform::of(scope.client)?;
        let application = platform.application(&scope.config)?;
        let visitor = match weixin::visitor(scope, platform, application, params.required_text("code")?).await {
            Ok(visitor) => visitor,
            Err(error) => return bind::refuse(scope, LogType::BindWeixin, error).await,
        };
        let answer = bind::bind(scope, caller, &visitor.account, LogType::BindWeixin).await?;
        visitor.keep_keys(scope).await?;
        Ok(answer)
    })
}
