//! What both ways of resetting a password share.

use lingpai_domain::{
    account::IdentityKind,
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    project::AccountEvent,
    store::{CodeTarget, IdentityQuery, PasswordChange, PasswordChanged},
    validate::Params,
};

use crate::{answer::Answer, pipeline::Scope};

/// Errors of both.
pub(super) const ERRORS: &[Code] = &[
    Code::MobileVerifyCodeError,
    Code::EmailVerifyCodeError,
    Code::CaptchaRequired,
    Code::CaptchaVerifyFail,
    Code::CaptchaVerifyOverdue,
    Code::AccountNotExists,
    Code::AccountNotExistsInCurrentApp,
    Code::AccountConflict,
    Code::ServerBusy,
];

/// Sets the password of whoever owns `target`, proven by the code sent there. `typed` is the
/// number or address as it was typed, under which attempts are logged.
pub(super) async fn reset(
    scope: &Scope<'_>,
    params: &Params,
    kind: IdentityKind,
    typed: &str,
    target: CodeTarget,
    scene: &str,
) -> Result<Answer> {
    scope.check_passwords()?;
    let context = scope.context();
    let recent = context.recent(LogType::ResetPwd, kind.clone(), typed);
    let needed = context.store.failed_thrice(&recent).await?;
    context.verify_needed_captcha(needed, scope.codes(), scene, params.text("captcha")).await?;
    let row = |success| context.log_row(LogType::ResetPwd, LogSubject::Identifier(kind.clone(), typed.to_owned()), success);
    let owner = target.value().to_owned();
    context.verify_code(scope.codes(), target, scene, params.required_text("code")?, Some(row(false))).await?;
    let mut values = vec![typed.to_owned()];
    if owner != typed {
        values.push(owner);
    }
    let query = IdentityQuery { kind: kind.clone(), values, app: scope.client.app_id.clone() };
    let (password, version) = scope.hash_password(params.required_text("password")?).await?;
    for _ in 0..3 {
        let found = context.store.candidates(&query, None).await?;
        let user = match (found.users.as_slice(), found.elsewhere) {
            ([user], _) => user,
            ([], true) => return Err(Code::AccountNotExistsInCurrentApp.into()),
            ([], false) => return Err(Code::AccountNotExists.into()),
            _ => return Err(Code::AccountConflict.into()),
        };
        let change = PasswordChange {
            uid: user.id().to_owned(),
            revision: user.revision,
            password: password.clone(),
            version,
            valid_token_date: Some(scope.state.base.clock.now_ms()),
            log: Some(row(true)),
            told: context.told(AccountEvent::PasswordChange, user.id()),
        };
        if context.store.change_password(&change).await? == PasswordChanged::Done {
            scope.tell_gate().await?;
            context.tell_scripts(AccountEvent::PasswordChange, user.id());
            return Ok(Answer::ok());
        }
    }
    Err(Error::new(Code::SystemError))
}
