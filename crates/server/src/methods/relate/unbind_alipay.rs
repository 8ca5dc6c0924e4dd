//! `unbindAlipay`

use lingpai_domain::{account::ThirdParty, log::LogType, validate::Params};

use super::{
    super::*,
    unbind::{ERRORS, unbind},
};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "unbindAlipay",
    summary: Summary { zh: "解绑支付宝;唯一的登录方式不能解绑", en: "Unbinds Alipay; the only way in cannot be given up" },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[],
    errors: ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(unbind(scope, caller, ThirdParty::Alipay, LogType::UnbindAlipay))
}
