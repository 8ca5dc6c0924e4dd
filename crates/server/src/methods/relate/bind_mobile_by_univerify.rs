//! `bindMobileByUniverify`

use lingpai_domain::validate::{Params, Rule, required};

use super::{super::*, bind};
use crate::third_party::UniverifyService;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "bindMobileByUniverify",
    summary: Summary {
        zh: "通过一键登录绑定本机号码,替换原先绑定的号码",
        en: "Binds the phone's own number by one click, in place of the former one",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("openid", Rule::Text), required("access_token", Rule::Text)],
    outputs: &[],
    errors: bind::MOBILE_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let service = UniverifyService::of(scope)?;
        match service.mobile(params.required_text("access_token")?, params.required_text("openid")?).await {
            Ok(mobile) => bind::bind_mobile(scope, caller, &mobile).await,
            Err(error) => bind::refuse_mobile(scope, caller, error).await,
        }
    })
}
