//! `removeAuthorizedApp`: one application less.

use lingpai_domain::{
    error::Code,
    roles::ADMIN,
    validate::{Params, Rule, required},
};

use super::{super::*, change_apps};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "multi_end",
    name: "removeAuthorizedApp",
    summary: Summary {
        zh: "移除用户登录指定应用的权限", en: "Takes an application from the list of those that a user can sign in to"
    },
    access: Access::Role(ADMIN, Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[required("uid", Rule::Text), required("appId", Rule::Text)],
    outputs: &[],
    errors: &[Code::AccountNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let app = params.required_text("appId")?;
        change_apps(scope, (caller, METHOD.name), params.required_text("uid")?, |list| {
            let mut list = list?;
            let before = list.len();
            list.retain(|listed| listed != app);
            (list.len() != before).then_some(list)
        })
        .await
    })
}
