//! `removeSecondStep`: for users who lost their authenticator app and all recovery codes.

use lingpai_domain::{
    account::SECOND_STEP_FIELD,
    error::Code,
    roles::ADMIN,
    validate::{Params, Rule, required},
};
use serde_json::{Map, json};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "admin",
    name: "removeSecondStep",
    summary: Summary {
        zh: "管理员关闭一个用户的两步验证(令牌扩展),用于身份验证器与恢复码都已丢失的用户",
        en: "Switches a user's two-step verification off (ours): for users who lost both the authenticator app and the recovery codes",
    },
    access: Access::Role(ADMIN, Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[required("uid", Rule::Text)],
    outputs: &[],
    errors: &[Code::SecondStepNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let uid = params.required_text("uid")?;
        let context = scope.context();
        let steps = |steps: serde_json::Value| Map::from_iter([(SECOND_STEP_FIELD.to_owned(), steps)]);
        let audit = context.audit_row(caller.uid(), METHOD.name, uid, &steps(json!(["totp"])), &steps(json!([])));
        if context.store.remove_second_step(uid, Some(&audit)).await? { Ok(Answer::ok()) } else { Err(Code::SecondStepNotExists.into()) }
    })
}
