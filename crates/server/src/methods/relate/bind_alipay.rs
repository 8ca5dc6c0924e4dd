//! `bindAlipay`

use lingpai_domain::{
    log::LogType,
    validate::{Params, Rule, required},
};

use super::{super::*, bind};
use crate::third_party::AlipayApplication;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "bindAlipay",
    summary: Summary { zh: "绑定支付宝,替换原先绑定的账号", en: "Binds Alipay, in place of the account that was bound" },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("code", Rule::Text)],
    outputs: &[],
    errors: bind::ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let application = AlipayApplication::of(scope)?;
        match application.account(scope, params.required_text("code")?).await {
            Ok(account) => bind::bind(scope, caller, &account, LogType::BindAlipay).await,
            Err(error) => bind::refuse(scope, LogType::BindAlipay, error).await,
        }
    })
}
