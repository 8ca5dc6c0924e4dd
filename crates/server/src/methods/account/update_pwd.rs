//! `updatePwd`: with the old password.

use lingpai_domain::{
    error::{Code, Error},
    project::AccountEvent,
    store::{PasswordChange, PasswordChanged},
    validate::{Params, Rule, required},
};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "account",
    name: "updatePwd",
    summary: Summary { zh: "修改密码;此前签发的 token 全部失效", en: "Changes the password; tokens issued before are void" },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("oldPassword", Rule::Text), required("newPassword", Rule::Password)],
    outputs: &[],
    errors: &[Code::PasswordError, Code::PasswordErrorExceedLimit, Code::AccountNotExists, Code::ServerBusy],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        scope.check_passwords()?;
        let store = scope.context().store;
        for _ in 0..3 {
            let user = store.user(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
            scope.demand_own_password(&user, params.required_text("oldPassword")?).await?;
            let (password, version) = scope.hash_password(params.required_text("newPassword")?).await?;
            let change = PasswordChange {
                uid: caller.uid().to_owned(),
                revision: user.revision,
                password,
                version,
                valid_token_date: Some(scope.state.base.clock.now_ms()),
                log: None,
                told: scope.context().told(AccountEvent::PasswordChange, caller.uid()),
            };
            if store.change_password(&change).await? == PasswordChanged::Done {
                scope.tell_gate().await?;
                scope.context().tell_scripts(AccountEvent::PasswordChange, caller.uid());
                return Ok(Answer::ok());
            }
        }
        Err(Error::new(Code::SystemError))
    })
}
