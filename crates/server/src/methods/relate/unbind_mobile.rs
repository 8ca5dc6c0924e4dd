//! `unbindMobile`

use lingpai_domain::{account::refuse_unbinding_mobile, log::LogType, validate::Params};

use super::{
    super::*,
    unbind::{ERRORS, give_up},
};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "unbindMobile",
    summary: Summary {
        zh: "解绑手机号(令牌扩展);唯一的登录方式不能解绑",
        en: "Unbinds the mobile number (ours); the only way in cannot be given up",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[],
    errors: ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(give_up(scope, caller, LogType::UnbindMobile, &["mobile", "mobile_confirmed"], refuse_unbinding_mobile))
}
