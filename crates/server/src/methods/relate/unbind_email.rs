//! `unbindEmail`

use lingpai_domain::{
    account::refuse_unbinding_email,
    editing::{Edit, Edited},
    error::{Code, Error},
    log::{LogSubject, LogType},
    validate::Params,
};

use super::{super::*, unbind::ERRORS};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "relate",
    name: "unbindEmail",
    summary: Summary {
        zh: "解绑邮箱(令牌扩展);唯一的登录方式不能解绑",
        en: "Unbinds the e-mail address (ours); the only way in cannot be given up",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[],
    errors: ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let context = scope.context();
        let row = |success| context.log_row(LogType::UnbindEmail, LogSubject::User(caller.uid().to_owned()), success);
        let edited = context
            .edit_user(caller.uid(), |user| {
                refuse_unbinding_email(user, scope.state.passkeys.is_some())?;
                let mut doc = user.doc.clone();
                doc.retain(|field, _| !["email", "email_confirmed"].contains(&field.as_str()));
                Ok(Some(Edit { doc, log: Some(row(true)), on_taken: None }))
            })
            .await;
        let refused = match edited {
            Ok(Edited::Done) => return Ok(Answer::ok()),
            Ok(Edited::Gone) => Error::new(Code::UnbindFailed),
            Ok(Edited::Taken) => return Err(Error::new(Code::SystemError)),
            Err(error) if ERRORS.contains(&error.code) => error,
            Err(error) => return Err(error),
        };
        context.store.append_log(&row(false)).await?;
        Err(refused)
    })
}
