//! `renewRecoveryCodes`: other ones in place of those that are left.

use lingpai_domain::validate::{Params, Rule, required};

use super::{super::*, CODE_ERRORS, RECOVERY_CODES, demand_code};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "second_step",
    name: "renewRecoveryCodes",
    summary: Summary {
        zh: "以验证码或恢复码换取新的恢复码,旧的全部作废(令牌扩展)",
        en: "Makes new recovery codes, with a code or a recovery code; the former are void (ours)",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("code", Rule::Text)],
    outputs: &[RECOVERY_CODES],
    errors: CODE_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        demand_code(scope, caller, params.required_text("code")?).await?;
        Ok(Answer::ok().with("recoveryCodes", scope.context().renew_recovery_codes(caller.uid()).await?))
    })
}
