//! What logins by a code that was sent share; addresses that are new are registered.

use lingpai_domain::{
    account::IdentityKind,
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    registration::Newcomer,
    session::PasswordProof,
    store::{CodeTarget, IdentityQuery},
    validate::Params,
};
use serde_json::{Map, json};

use super::{super::register, ATTEMPTS, the_one};
use crate::{
    answer::Answer,
    methods::{Output, Summary},
    pipeline::Scope,
};

/// What both answer.
pub(super) const OUTPUTS: &[Output] = &[
    register::SESSION_OUTPUTS[0],
    register::SESSION_OUTPUTS[1],
    register::SESSION_OUTPUTS[2],
    register::SESSION_OUTPUTS[3],
    Output {
        name: "type",
        kind: "string",
        about: Summary { zh: "login 登录,register 新注册", en: "login, or register for a new account" },
    },
];

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
    let tokens = scope.tokens()?;
    let owner = target.value().to_owned();
    let mut values = vec![typed.to_owned()];
    if owner != typed {
        values.push(owner.clone());
    }
    let query = IdentityQuery { kind: kind.clone(), values, app: scope.client.app_id.clone() };
    let recent = context.recent(LogType::Login, kind.clone(), typed);
    let mut found = context.store.candidates(&query, Some(&recent)).await?;
    context.verify_needed_captcha(found.failed_thrice, scope.codes(), scene, params.text("captcha")).await?;
    let wrong = context.log_row(LogType::Login, LogSubject::Identifier(kind.clone(), typed.to_owned()), false);
    context.verify_code(scope.codes(), target, scene, params.required_text("code")?, Some(wrong)).await?;
    let newcomer = || Newcomer {
        fields: Map::from_iter([(kind.wire().to_owned(), json!(owner)), (confirmed.to_owned(), json!(1))]),
        invite_code: params.text("inviteCode").map(str::to_owned),
        // A taken identifier is no failure here.
        quiet: true,
        ..Newcomer::default()
    };
    for _ in 0..ATTEMPTS {
        let refused = match the_one(found) {
            Ok(user) => match user.status() {
                Some(status) => status.code(),
                None => match context.sign_in(&user, tokens, PasswordProof::default(), scope.present.as_ref()).await? {
                    Some(token) => {
                        return Ok(Answer::ok()
                            .with_token(token)
                            .with("uid", user.id())
                            .with("passwordConfirmed", user.truthy("password"))
                            .with("type", "login"));
                    }
                    None => {
                        found = context.store.candidates(&query, None).await?;
                        continue;
                    }
                },
            },
            Err(Code::AccountConflict) => Code::AccountConflict,
            Err(_) => {
                register::check_app(scope)?;
                match context.register(newcomer(), &scope.registration(), tokens, scope.present.as_ref()).await {
                    Ok((uid, token)) => {
                        return Ok(Answer::ok()
                            .with("uid", uid)
                            .with_token(token)
                            .with("passwordConfirmed", false)
                            .with("type", "register"));
                    }
                    // Somebody with a second code was faster: it is an account now.
                    Err(error) if error.code == Code::AccountExists => {
                        found = context.store.candidates(&query, None).await?;
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        context.store.append_log(&context.log_row(LogType::Login, LogSubject::Nobody, false)).await?;
        return Err(refused.into());
    }
    Err(Error::new(Code::SystemError))
}
