//! What all ways of binding a third party share.

use lingpai_domain::{
    account::{ThirdPartyAccount, lay_over},
    editing::{Edit, Edited},
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
};
use serde_json::{Map, Value, json};

use crate::{
    answer::Answer,
    pipeline::{Caller, Scope},
};

/// Errors of all of them.
pub(super) const ERRORS: &[Code] =
    &[Code::GetThirdPartyAccountFailed, Code::ConfigFieldRequired, Code::BindConflict, Code::AccountNotExists];

/// Errors of binding a mobile number that a third party vouches for.
pub(super) const MOBILE_ERRORS: &[Code] = ERRORS;

/// Binds an account of a third party to the caller, in place of the one of the same platform. What is
/// the caller's own already may be bound again (deviation 9).
pub(super) async fn bind(scope: &Scope<'_>, caller: &Caller, account: &ThirdPartyAccount, kind: LogType) -> Result<Answer> {
    lay_over_caller(scope, caller, &account.fields(), kind).await
}

/// Binds a mobile number that a third party vouches for.
pub(super) async fn bind_mobile(scope: &Scope<'_>, caller: &Caller, mobile: &str) -> Result<Answer> {
    let fields = Map::from_iter([("mobile".to_owned(), json!(mobile)), ("mobile_confirmed".to_owned(), json!(1))]);
    lay_over_caller(scope, caller, &fields, LogType::BindMobile).await
}

/// Logs a binding that failed before anybody was concerned, and hands the error back.
pub(super) async fn refuse<T>(scope: &Scope<'_>, kind: LogType, error: Error) -> Result<T> {
    let context = scope.context();
    context.store.append_log(&context.log_row(kind, LogSubject::Nobody, false)).await?;
    Err(error)
}

/// Logs a binding of a mobile number that failed before a number was known, and hands the error back.
pub(super) async fn refuse_mobile<T>(scope: &Scope<'_>, caller: &Caller, error: Error) -> Result<T> {
    let context = scope.context();
    context.store.append_log(&context.log_row(LogType::BindMobile, LogSubject::counted_user(caller.uid()), false)).await?;
    Err(error)
}

async fn lay_over_caller(scope: &Scope<'_>, caller: &Caller, fields: &Map<String, Value>, kind: LogType) -> Result<Answer> {
    let context = scope.context();
    // Numbers count failures by their user: see bindMobileBySms.
    let subject = || match kind {
        LogType::BindMobile => LogSubject::counted_user(caller.uid()),
        _ => LogSubject::User(caller.uid().to_owned()),
    };
    let row = |success| context.log_row(kind, subject(), success);
    let edited = context.edit_user(caller.uid(), |user| {
        let mut doc = user.doc.clone();
        lay_over(&mut doc, fields);
        Ok(Some(Edit { doc, log: Some(row(true)), on_taken: Some(row(false)) }))
    });
    match edited.await? {
        Edited::Done => Ok(Answer::ok()),
        Edited::Taken => Err(Code::BindConflict.into()),
        Edited::Gone => Err(Code::AccountNotExists.into()),
    }
}
