//! `externalLogin`: a token for a user whom the other system vouches for.

use lingpai_domain::{
    account::User,
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    session::PasswordProof,
    store::{Candidates, IdentityQuery},
    validate::{Params, Rule, optional},
};

use super::{super::*, Who, check_lengths, identity_kind, who};
use crate::methods::{
    login::{ATTEMPTS, the_one},
    register::SESSION_OUTPUTS,
};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "external",
    name: "externalLogin",
    summary: Summary {
        zh: "外部系统为用户获取 token,uid 与 externalUid 二选一;只接受带签名的 URL 形式",
        en: "Gives another system a token for a user named by uid or externalUid; signed, in the URL form only",
    },
    access: Access::Signed(handle),
    bucket: Bucket::General,
    fields: &[optional("uid", Rule::Text), optional("externalUid", Rule::Text)],
    outputs: &[SESSION_OUTPUTS[0], SESSION_OUTPUTS[1], SESSION_OUTPUTS[2]],
    errors: &[
        Code::IllegalRequest,
        Code::ConfigFieldRequired,
        Code::AccountNotExists,
        Code::AccountNotExistsInCurrentApp,
        Code::AccountConflict,
        Code::AccountBanned,
        Code::AccountAuditing,
        Code::AccountAuditFailed,
        Code::AccountClosed,
    ],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _partner: &'a Partner) -> Reply<'a> {
    Box::pin(async move {
        check_lengths(&params)?;
        let who = who(&params)?;
        let context = scope.context();
        for _ in 0..ATTEMPTS {
            let refused = match find(scope, &who).await? {
                Ok(user) => match user.status() {
                    Some(status) => status.code(),
                    None => match context.sign_in(&user, scope.tokens()?, proof(), None).await? {
                        Some(token) => return Ok(Answer::ok().with_token(token).with("uid", user.id())),
                        None => continue,
                    },
                },
                Err(code) => code,
            };
            context.store.append_log(&context.log_row(LogType::Login, LogSubject::Nobody, false)).await?;
            return Err(refused.into());
        }
        Err(Error::new(Code::SystemError))
    })
}

/// The other system has made sure who it is, in as many steps as it wants.
fn proof() -> PasswordProof {
    PasswordProof { second_step_done: true, ..PasswordProof::default() }
}

/// The user, or why there is none.
async fn find(scope: &Scope<'_>, who: &Who<'_>) -> Result<std::result::Result<User, Code>> {
    let store = scope.context().store;
    let app = &scope.client.app_id;
    Ok(the_one(match who {
        Who::User(uid) => match store.user(uid).await? {
            Some(user) if user.apps().allows(app) => Candidates { users: vec![user], ..Candidates::default() },
            user => Candidates { elsewhere: user.is_some(), ..Candidates::default() },
        },
        Who::External(uid) => {
            let query = IdentityQuery { kind: identity_kind(), values: vec![(*uid).to_owned()], app: app.clone() };
            store.candidates(&query, None).await?
        }
    }))
}
