//! `setAuthorizedApp`: exactly these applications.

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
    name: "setAuthorizedApp",
    summary: Summary {
        zh: "设置用户可登录的应用列表;空列表表示不能登录任何应用,* 表示所有应用",
        en: "Sets the list of applications that a user can sign in to; an empty one means none, * means all",
    },
    access: Access::Role(ADMIN, Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[required("uid", Rule::Text), required("appIdList", Rule::TextList)],
    outputs: &[],
    errors: &[Code::AccountNotExists, Code::AccountConflict],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let apps = params.texts("appIdList").unwrap_or_default();
        if apps.iter().any(|app| app.len() > LONGEST_APP) {
            return Err(Error::new(Code::InvalidParam).with("param", "appIdList"));
        }
        let apps: Vec<Value> = apps.into_iter().map(Value::from).collect();
        change_apps(scope, (caller, METHOD.name), params.required_text("uid")?, |list| (list.as_ref() != Some(&apps)).then(|| apps.clone()))
            .await
    })
}
