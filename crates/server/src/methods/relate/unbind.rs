//! What all ways of unbinding share.

use lingpai_domain::{
    account::{ThirdParty, User, refuse_unbinding},
    editing::{Edit, Edited},
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
};

use crate::{
    answer::Answer,
    pipeline::{Caller, Scope},
};

/// Errors of all of them.
pub(super) const ERRORS: &[Code] =
    &[Code::UnbindFailed, Code::UnbindUniqueLogin, Code::UnbindPasswordNotExists, Code::UnbindMobileNotExists];

/// Takes the fields away that lead from a third party to the caller.
pub(super) async fn unbind(scope: &Scope<'_>, caller: &Caller, party: ThirdParty, kind: LogType) -> Result<Answer> {
    give_up(scope, caller, kind, party.fields(), |user, passkeys| refuse_unbinding(user, party, passkeys)).await
}

/// Takes fields away that lead to the caller, unless `refuse` (told whether passkeys are switched on) says
/// why they must stay.
pub(super) async fn give_up(
    scope: &Scope<'_>,
    caller: &Caller,
    kind: LogType,
    fields: &[&str],
    refuse: impl Fn(&User, bool) -> std::result::Result<(), Code> + Send + Sync,
) -> Result<Answer> {
    let context = scope.context();
    let row = |success| context.log_row(kind, LogSubject::User(caller.uid().to_owned()), success);
    let mut edited = context
        .edit_user(caller.uid(), |user| {
            refuse(user, scope.state.passkeys.is_some())?;
            let mut doc = user.doc.clone();
            doc.retain(|field, _| !fields.contains(&field.as_str()));
            Ok(Some(Edit { doc, log: Some(row(true)), on_taken: None }))
        })
        .await;
    if let Ok(Edited::Gone) = edited {
        edited = Err(Code::UnbindFailed.into());
    }
    match edited {
        Ok(Edited::Done) => Ok(Answer::ok()),
        Ok(_) => Err(Error::new(Code::SystemError)),
        Err(error) => {
            if ERRORS.contains(&error.code) {
                context.store.append_log(&row(false)).await?;
            }
            Err(error)
        }
    }
}
