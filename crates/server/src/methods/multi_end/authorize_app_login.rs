//! `authorizeAppLogin`: one more application.

use lingpai_domain::{
    error::{Code, Error},
    roles::ADMIN,
    validate::{Params, Rule, required},
};
use serde_json::Value;

use super::{super::*, LONGEST_APP, change_apps};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "multi_end",
    name: "authorizeAppLogin",
    summary: Summary {
        zh: "允许用户登录指定应用;没有应用列表(即可登录所有应用)的用户此后只能登录该应用",
        en: "Lets a user sign in to an application; a user without a list, who could use every application, can use only that one from then on",
    },
    access: Access::Role(ADMIN, Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[required("uid", Rule::Text), required("appId", Rule::Text)],
    outputs: &[],
    errors: &[Code::AccountNotExists, Code::AccountConflict],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let app = params.required_text("appId")?;
        if app.len() > LONGEST_APP {
            return Err(Error::new(Code::InvalidParam).with("param", "appId"));
        }
        change_apps(scope, (caller, METHOD.name), params.required_text("uid")?, |list| {
            let mut list = list.unwrap_or_default();
            if list.iter().any(|listed| listed == app) {
                return None;
            }
            list.push(Value::from(app));
            Some(list)
        })
        .await
    })
}
