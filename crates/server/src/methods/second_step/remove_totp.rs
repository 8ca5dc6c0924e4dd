//! `removeTotp`: signing in takes one step again.

use lingpai_domain::{
    error::Code,
    validate::{Params, Rule, required},
};

use super::{super::*, CODE_ERRORS, demand_code};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "second_step",
    name: "removeTotp",
    summary: Summary {
        zh: "以验证码或恢复码关闭两步验证(令牌扩展)",
        en: "Switches two-step verification off, with a code or a recovery code (ours)",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("code", Rule::Text)],
    outputs: &[],
    errors: CODE_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        demand_code(scope, caller, params.required_text("code")?).await?;
        if scope.context().store.remove_second_step(caller.uid(), None).await? {
            Ok(Answer::ok())
        } else {
            Err(Code::SecondStepNotExists.into())
        }
    })
}
