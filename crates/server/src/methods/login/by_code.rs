//! What logins by a code that was sent share; addresses that are new are registered.

use lingpai_domain::{
    account::IdentityKind,
    error::{Code, Result},
    log::{LogSubject, LogType},
    store::{CodeTarget, IdentityQuery},
    validate::Params,
};
use serde_json::Map;

use super::find_or_register::{self, Proven};
use crate::{answer::Answer, pipeline::Scope};

/// Errors of all of them; `wrong` is what a wrong code is called.
pub(super) const fn errors(wrong: Code) -> [Code; 11] {
    [
        wrong,
        Code::CaptchaRequired,
        Code::CaptchaVerifyFail,
        Code::CaptchaVerifyOverdue,
        Code::AccountConflict,
        Code::AccountBanned,
        Code::AccountAuditing,
        Code::AccountAuditFailed,
        Code::AccountClosed,
        Code::InvalidInviteCode,
        Code::SecondStepRequired,
    ]
}

/// Where a code was sent to, and what for.
pub(super) struct Sent<'a> {
    /// What kind of identifier that is.
    pub kind: IdentityKind,
    /// The field that says that it is confirmed.
    pub confirmed: &'static str,
    /// As it was typed: attempts are logged under it.
    pub typed: &'a str,
    /// As it is stored.
    pub target: CodeTarget,
    /// What the code is for.
    pub scene: &'static str,
}

/// Signs in whoever has the identifier, proven by the code; registers one that is new.
pub(super) async fn login(scope: &Scope<'_>, params: &Params, sent: Sent<'_>) -> Result<Answer> {
    let Sent { kind, confirmed, typed, target, scene } = sent;
    let context = scope.context();
    scope.tokens()?;
    let owner = target.value().to_owned();
    let mut values = vec![typed.to_owned()];
    if owner != typed {
        values.push(owner.clone());
    }
    let query = IdentityQuery { kind: kind.clone(), values, app: scope.client.app_id.clone() };
    let recent = context.recent(LogType::Login, kind.clone(), typed);
    let found = context.store.candidates(&query, Some(&recent)).await?;
    context.verify_needed_captcha(found.failed_thrice, scope.codes(), scene, params.text("captcha")).await?;
    let wrong = context.log_row(LogType::Login, LogSubject::Identifier(kind.clone(), typed.to_owned()), false);
    context.verify_code(scope.codes(), target, scene, params.required_text("code")?, Some(wrong)).await?;
    let found = find_or_register::judge(scope, found).await?;
    let proven = Proven::address(&kind, confirmed, &owner, typed);
    find_or_register::finish(scope, &proven, found, Map::new(), params.text("inviteCode")).await
}
