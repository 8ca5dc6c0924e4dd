//! `unbindEmail`

use lingpai_domain::{account::refuse_unbinding_email, log::LogType, validate::Params};

use super::{
    super::*,
    unbind::{ERRORS, give_up},
};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "unbindEmail",
    summary: Summary {
        zh: "解绑邮箱(令牌扩展);唯一的登录方式不能解绑",
        en: "Unbinds the e-mail address (ours); the only way in cannot be given up",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[],
    errors: ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(give_up(scope, caller, LogType::UnbindEmail, &["email", "email_confirmed"], refuse_unbinding_email))
}
