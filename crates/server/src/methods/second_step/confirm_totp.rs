//! `confirmTotp`: the app has the secret.

use lingpai_domain::{
    store::GuessKind,
    validate::{Params, Rule, required},
};

use super::{super::*, CODE_ERRORS, RECOVERY_CODES};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "second_step",
    name: "confirmTotp",
    summary: Summary {
        zh: "以身份验证器的验证码确认,两步验证随即生效(令牌扩展)",
        en: "Switches two-step verification on with a code of the authenticator app (ours)",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("code", Rule::Text)],
    outputs: &[RECOVERY_CODES],
    errors: CODE_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        scope.count_guess(caller.uid(), GuessKind::Totp).await?;
        let codes = scope.context().confirm_totp(caller.uid(), params.required_text("code")?).await?;
        Ok(Answer::ok().with("recoveryCodes", codes))
    })
}
