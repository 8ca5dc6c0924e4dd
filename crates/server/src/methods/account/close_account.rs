//! `closeAccount`: the account is closed and its tokens are void.

use lingpai_domain::{account::Status, error::Code, project::AccountEvent, store::StatusChange, validate::Params};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "account",
    name: "closeAccount",
    summary: Summary { zh: "注销账号,其全部 token 随即失效", en: "Closes the account; all its tokens are void from then on" },
    access: Access::User(Renewal::Never, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[],
    errors: &[Code::AccountNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let told = scope.context().told(AccountEvent::Close, caller.uid());
        let change = StatusChange { uid: caller.uid().to_owned(), status: Status::Closed.number(), told };
        if !scope.context().store.change_status(&change).await? {
            return Err(Code::AccountNotExists.into());
        }
        scope.tell_gate().await?;
        scope.context().tell_scripts(AccountEvent::Close, caller.uid());
        Ok(Answer::ok())
    })
}
