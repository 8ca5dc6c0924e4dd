//! `removePasskey`: one of the caller's passkeys leads in no more.

use lingpai_domain::{
    account::refuse_removing_passkey,
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    project::AccountEvent,
    store::{PasskeyRemoval, PasskeyRemoved},
    validate::{Params, Rule, required},
};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "passkey",
    name: "removePasskey",
    summary: Summary {
        zh: "删除自己的一个通行密钥(令牌扩展);唯一的登录方式不能删除",
        en: "Removes one of the caller's passkeys (ours); the only way in cannot be given up",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[required("id", Rule::Text)],
    outputs: &[],
    errors: &[
        Code::PasskeyNotExists,
        Code::UnbindUniqueLogin,
        Code::UnbindPasswordNotExists,
        Code::UnbindMobileNotExists,
        Code::AccountNotExists,
    ],
};

/// How often it is decided again because the user changed in between.
const ATTEMPTS: usize = 8;

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let id = params.required_text("id")?;
        for _ in 0..ATTEMPTS {
            if remove(scope, caller, id).await? {
                return Ok(Answer::ok());
            }
        }
        Err(Error::new(Code::SystemError))
    })
}

/// `Ok(false)`: the user changed in between.
async fn remove(scope: &Scope<'_>, caller: &Caller, id: &str) -> Result<bool> {
    let context = scope.context();
    let user = context.store.user(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
    let row = |success| context.log_row(LogType::UnbindPasskey, LogSubject::User(caller.uid().to_owned()), success);
    if let Err(code) = refuse_removing_passkey(&user, scope.state.passkeys.is_some()) {
        // Somebody without this passkey does not learn of the last way in by it.
        if !context.store.passkeys(caller.uid()).await?.iter().any(|passkey| passkey.id == id) {
            return Err(Code::PasskeyNotExists.into());
        }
        context.store.append_log(&row(false)).await?;
        return Err(code.into());
    }
    let mut log = row(true);
    log.told = context.told(AccountEvent::UnbindPasskey, caller.uid());
    let removal = PasskeyRemoval { uid: caller.uid().to_owned(), revision: user.revision, id: id.to_owned(), log: Some(log), audit: None };
    match context.store.remove_passkey(&removal).await? {
        PasskeyRemoved::Done => Ok(true),
        PasskeyRemoved::Stale => Ok(false),
        PasskeyRemoved::Gone => Err(Code::PasskeyNotExists.into()),
    }
}
