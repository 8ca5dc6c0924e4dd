//! The tail of every sign-in that needs no password: whoever proved to own a number or an account at a
//! third party is signed in, or registered.

use serde_json::{Map, Value, json};

use lingpai_domain::{
    account::{IdentityKind, ThirdPartyAccount, User},
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    registration::Newcomer,
    session::{LinkedSignIn, PasswordProof},
    store::{AnyIdentityQuery, Candidates},
};

use super::{ATTEMPTS, signed_in, the_one};
use crate::{
    answer::Answer,
    methods::{Output, Summary, register},
    pipeline::Scope,
};

/// What these sign-ins answer.
pub const OUTPUTS: &[Output] = &[
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

/// Errors of those by a third party.
pub const THIRD_PARTY_ERRORS: &[Code] = &[
    Code::GetThirdPartyAccountFailed,
    Code::ConfigFieldRequired,
    Code::AccountConflict,
    Code::AccountBanned,
    Code::AccountAuditing,
    Code::AccountAuditFailed,
    Code::AccountClosed,
    Code::InvalidInviteCode,
];

/// What somebody proved to own.
pub struct Proven {
    identities: Vec<(IdentityKind, String)>,
    newcomer: Map<String, Value>,
    link: Map<String, Value>,
}

impl Proven {
    /// A mobile number.
    pub fn mobile(mobile: &str) -> Self {
        Self::address(&IdentityKind::Mobile, "mobile_confirmed", mobile, mobile)
    }

    /// A number or an e-mail address: the field that says that it is confirmed, as it is stored and
    /// as it was typed.
    pub fn address(kind: &IdentityKind, confirmed: &str, stored: &str, typed: &str) -> Self {
        let mut identities = vec![(kind.clone(), stored.to_owned())];
        if typed != stored {
            identities.push((kind.clone(), typed.to_owned()));
        }
        Self {
            identities,
            newcomer: Map::from_iter([(kind.wire().to_owned(), json!(stored)), (confirmed.to_owned(), json!(1))]),
            link: Map::new(),
        }
    }

    /// An account at a third party.
    pub fn third_party(account: &ThirdPartyAccount) -> Self {
        Self { identities: account.identities(), newcomer: account.fields(), link: account.fields_at_login() }
    }
}

/// Whom something that was proven leads to.
pub enum Found {
    /// This user, who may sign in.
    Known(Box<User>),
    /// Nobody yet.
    Nobody,
}

/// Looks for the user. Users who may not sign in and ambiguities are errors, and logged.
pub async fn find(scope: &Scope<'_>, proven: &Proven) -> Result<Found> {
    let query = AnyIdentityQuery { identities: proven.identities.clone(), app: scope.client.app_id.clone() };
    judge(scope, scope.context().store.candidates_of_any(&query).await?).await
}

/// The same for users that were looked up already.
pub async fn judge(scope: &Scope<'_>, found: Candidates) -> Result<Found> {
    let refused = match the_one(found) {
        Ok(user) => match user.status() {
            None => return Ok(Found::Known(Box::new(user))),
            Some(status) => status.code(),
        },
        Err(Code::AccountConflict) => Code::AccountConflict,
        Err(_) => return Ok(Found::Nobody),
    };
    refuse(scope, refused.into()).await
}

/// Logs a sign-in by nobody in particular that failed, and hands the error back.
pub async fn refuse<T>(scope: &Scope<'_>, error: Error) -> Result<T> {
    let context = scope.context();
    context.store.append_log(&context.log_row(LogType::Login, LogSubject::Nobody, false)).await?;
    Err(error)
}

/// Signs the user in and links what the account lacks; registers a newcomer with `profile` (nickname,
/// avatar) and the invitation.
pub async fn finish(
    scope: &Scope<'_>,
    proven: &Proven,
    mut found: Found,
    profile: Map<String, Value>,
    invite_code: Option<&str>,
) -> Result<Answer> {
    let (context, tokens) = (scope.context(), scope.tokens()?);
    for _ in 0..ATTEMPTS {
        match &found {
            Found::Known(user) => {
                match context.sign_in_linked(user, &proven.link, tokens, PasswordProof::default(), scope.present.as_ref()).await? {
                    LinkedSignIn::Done(token) => return Ok(signed_in(token, user)),
                    LinkedSignIn::Taken => return refuse(scope, Code::AccountConflict.into()).await,
                    LinkedSignIn::Stale => {}
                }
            }
            Found::Nobody => {
                register::check_app(scope)?;
                let mut fields = proven.newcomer.clone();
                fields.extend(profile.clone());
                let invite_code = invite_code.map(str::to_owned);
                // A taken identifier is no failure here: it is an account now.
                let newcomer = Newcomer { fields, invite_code, quiet: true, ..Newcomer::default() };
                match context.register(newcomer, &scope.registration(), tokens, scope.present.as_ref()).await {
                    Ok((uid, token)) => {
                        scope.state.avatars.take_note(&uid, &scope.client.app_id, &profile);
                        return Ok(Answer::ok()
                            .with("uid", uid)
                            .with_token(token)
                            .with("passwordConfirmed", false)
                            .with("type", "register"));
                    }
                    Err(error) if error.code == Code::AccountExists => {}
                    Err(error) => return Err(error),
                }
            }
        }
        // The user changed in between, or somebody else was faster.
        found = find(scope, proven).await?;
    }
    Err(Error::new(Code::SystemError))
}
