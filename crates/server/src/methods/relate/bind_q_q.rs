//! `bindQQ`

use lingpai_domain::{
    log::LogType,
    validate::{Params, Rule, optional},
};

use super::{super::*, bind};
use crate::third_party::{QqApplication, QqProof};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "bindQQ",
    summary: Summary { zh: "绑定 QQ,替换同一平台上原先绑定的 QQ", en: "Binds QQ, in place of the one of the same platform" },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[optional("code", Rule::Text), optional("accessToken", Rule::Text), optional("accessTokenExpired", Rule::Number)],
    outputs: &[],
    errors: bind::ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let visitor = match QqApplication::of(scope)?.visitor(scope, QqProof::of(&params)).await {
            Ok(visitor) => visitor,
            Err(error) => return bind::refuse(scope, LogType::BindQq, error).await,
        };
        let answer = bind::bind(scope, caller, &visitor.account, LogType::BindQq).await?;
        visitor.keep_keys(scope).await?;
        Ok(answer)
    })
}
