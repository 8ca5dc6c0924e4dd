//! `loginByPasskey`: by what the browser answered with a passkey.

use lingpai_domain::{
    account::User,
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    passkey::{Passkey, Purpose},
    session::PasswordProof,
    store::{PasskeyUse, PasskeyUsed},
    validate::{Params, Rule, required},
};
use lingpai_webauthn::authentication::{Assertion, RegisteredCredential};

use super::{
    super::{
        passkey::{ANSWER_ERRORS, end},
        *,
    },
    ATTEMPTS, find_or_register,
};
use crate::{
    methods::register::SESSION_OUTPUTS,
    passkeys::{Passkeys, refused},
};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginByPasskey",
    summary: Summary {
        zh: "以通行密钥登录(令牌扩展):ceremonyId 来自 startPasskeyLogin,credential 为浏览器返回的凭据(PublicKeyCredential.toJSON())。通行密钥本身已是两个因素,不再要求两步验证",
        en: "Signs in with a passkey (ours): ceremonyId is that of startPasskeyLogin, credential what the browser answered (PublicKeyCredential.toJSON()). A passkey is two factors by itself: no second step is asked for",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[required("ceremonyId", Rule::Text), required("credential", Rule::Object)],
    outputs: SESSION_OUTPUTS,
    errors: ERRORS,
};

const ERRORS: &[Code] = &{
    let [a, b, c, d, e, f] = ANSWER_ERRORS;
    [
        a,
        b,
        c,
        d,
        e,
        f,
        Code::PasskeyNotExists,
        Code::PasskeyCloned,
        Code::AccountNotExistsInCurrentApp,
        Code::AccountBanned,
        Code::AccountAuditing,
        Code::AccountAuditFailed,
        Code::AccountClosed,
    ]
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let passkeys = Passkeys::of(scope)?;
        let (context, tokens) = (scope.context(), scope.tokens()?);
        let ceremony = passkeys.read(params.required_text("ceremonyId")?, scope)?;
        if ceremony.purpose != Purpose::SignIn {
            return Err(Code::PasskeyExpired.into());
        }
        let credential = params.raw("credential").ok_or_else(|| Error::new(Code::ParamRequired).with("param", "credential"))?;
        let assertion = Assertion::parse(credential).map_err(refused)?;
        // Before anything is looked up.
        assertion.check_client(&passkeys.party, &ceremony.challenge).map_err(refused)?;
        let Some(holder) = context.store.passkey_holder(&assertion.credential_id).await? else {
            return find_or_register::refuse(scope, Code::PasskeyNotExists.into()).await;
        };
        let (passkey, user) = (holder.passkey, holder.user);
        let stored = RegisteredCredential {
            public_key: &passkey.public_key,
            user_handle: &passkey.user_handle,
            backup_eligible: passkey.backup_eligible,
        };
        let state = match assertion.verify(&passkeys.party, &ceremony.challenge, stored) {
            Ok(state) => state,
            Err(refusal) => return refuse(scope, &user, refused(refusal)).await,
        };
        // Whoever got here holds the passkey, and may know how the account stands.
        if let Some(code) = obstacle(scope, &user) {
            return refuse(scope, &user, code.into()).await;
        }
        let used = PasskeyUse {
            id: passkey.id.clone(),
            ceremony: end(scope, &ceremony),
            sign_count: state.sign_count,
            backed_up: state.backed_up,
        };
        match context.store.use_passkey(&used).await? {
            PasskeyUsed::Done => {}
            PasskeyUsed::CeremonyUsed => return Err(Code::PasskeyExpired.into()),
            PasskeyUsed::Gone => return Err(Code::PasskeyNotExists.into()),
            PasskeyUsed::CounterBehind => {
                warn_of_a_copy(&passkey, state.sign_count);
                return refuse(scope, &user, Code::PasskeyCloned.into()).await;
            }
        }
        let mut found = Some(user);
        for _ in 0..ATTEMPTS {
            let user = match found.take() {
                Some(user) => user,
                None => context.store.user(&passkey.uid).await?.ok_or(Code::PasskeyNotExists)?,
            };
            if let Some(code) = obstacle(scope, &user) {
                return refuse(scope, &user, code.into()).await;
            }
            // The user was verified: see `Passkeys::new`.
            let proof = PasswordProof { second_step_done: true, ..PasswordProof::default() };
            if let Some(token) = context.sign_in(&user, tokens, proof, scope.present.as_ref()).await? {
                return Ok(Answer::ok()
                    .with_token(token)
                    .with("uid", user.id())
                    .with("passwordConfirmed", user.truthy("password"))
                    .with("type", "login"));
            }
        }
        Err(Error::new(Code::SystemError))
    })
}

/// Why a user may not sign in here.
fn obstacle(scope: &Scope<'_>, user: &User) -> Option<Code> {
    if !user.apps().allows(&scope.client.app_id) {
        return Some(Code::AccountNotExistsInCurrentApp);
    }
    user.status().map(|status| status.code())
}

/// Logs a sign-in that failed, and hands the error back.
async fn refuse<T>(scope: &Scope<'_>, user: &User, error: Error) -> Result<T> {
    let context = scope.context();
    context.store.append_log(&context.log_row(LogType::Login, LogSubject::User(user.id().to_owned()), false)).await?;
    Err(error)
}

fn warn_of_a_copy(passkey: &Passkey, told: u32) {
    tracing::warn!(
        uid = passkey.uid,
        passkey = passkey.id,
        stored = passkey.sign_count,
        told,
        "the counter of a passkey did not grow: there may be a copy of it"
    );
}
