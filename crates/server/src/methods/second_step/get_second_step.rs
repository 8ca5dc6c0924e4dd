//! `getSecondStep`: whether signing in takes a second step.

use lingpai_domain::{error::Code, validate::Params};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "second_step",
    name: "getSecondStep",
    summary: Summary {
        zh: "查询两步验证的状态(令牌扩展)",
        en: "Tells whether two-step verification is available, and on for the caller (ours)",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[
        Output {
            name: "available", kind: "boolean", about: Summary { zh: "服务器是否允许两步验证", en: "whether the server allows it" }
        },
        Output { name: "enabled", kind: "boolean", about: Summary { zh: "是否已开启", en: "whether it is on" } },
        Output {
            name: "recoveryCodesLeft", kind: "number", about: Summary { zh: "剩余的恢复码个数", en: "recovery codes that are left" }
        },
    ],
    errors: &[Code::AccountNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let stored = scope.context().store.second_step(caller.uid()).await?.filter(|stored| stored.confirmed);
        Ok(Answer::ok()
            .with("available", scope.state.second_step_keys.is_some())
            .with("enabled", stored.is_some())
            .with("recoveryCodesLeft", stored.map_or(0, |stored| stored.recovery_codes)))
    })
}
