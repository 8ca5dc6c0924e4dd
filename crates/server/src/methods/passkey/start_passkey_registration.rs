//! `startPasskeyRegistration`: options for a new passkey.

use lingpai_domain::{
    account::User,
    error::{Code, Result},
    passkey::{Ceremony, Purpose},
    store::GuessKind,
    validate::{Params, Rule, optional},
};
use lingpai_webauthn::options::{self, Known, NewUser};

use super::{super::*, CEREMONY_OUTPUTS, Confirmation};
use crate::{methods::second_step::demand_code, passkeys::Passkeys};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "passkey",
    name: "startPasskeyRegistration",
    summary: Summary {
        zh: "开始添加通行密钥(令牌扩展):返回交给浏览器的选项。开启了两步验证的账号须给出 code,否则设有密码的账号须给出 password",
        en: "Begins to add a passkey (ours): answers options for the browser. Accounts with two-step verification must give code, else accounts with a password must give password",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[optional("password", Rule::Text), optional("code", Rule::Text)],
    outputs: CEREMONY_OUTPUTS,
    errors: &[
        Code::ConfigFieldRequired,
        Code::PasskeyExceedLimit,
        Code::PasswordError,
        Code::PasswordErrorExceedLimit,
        Code::SecondStepError,
        Code::SecondStepExceedLimit,
        Code::AccountNotExists,
    ],
};

/// Length of a user handle, bytes.
const HANDLE_LENGTH: usize = 32;

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let passkeys = Passkeys::of(scope)?;
        let context = scope.context();
        let user = context.store.user(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
        confirm(scope, &params, caller, &user).await?;
        let present = context.store.passkeys(caller.uid()).await?;
        if present.len() >= passkeys.per_user as usize {
            return Err(Code::PasskeyExceedLimit.into());
        }
        // One handle for all of a user's passkeys, so that authenticators know them for the same account's. It is
        // random: whoever holds the authenticator learns nothing by it.
        let user_handle = present.first().map_or_else(
            || {
                let mut handle = vec![0u8; HANDLE_LENGTH];
                context.random.fill(&mut handle);
                handle
            },
            |passkey| passkey.user_handle.clone(),
        );
        let purpose = Purpose::Register { uid: caller.uid().to_owned(), user_handle: user_handle.clone() };
        let ceremony = Ceremony::begin(purpose, scope.client, context.clock.now_ms(), context.random);
        let display_name = user.text("nickname").filter(|name| !name.is_empty()).unwrap_or_else(|| user.label());
        let known: Vec<Known<'_>> =
            present.iter().map(|passkey| Known { id: &passkey.credential_id, transports: &passkey.transports }).collect();
        let options = options::creation(
            &passkeys.party,
            passkeys.party_name(scope.client),
            NewUser { handle: &user_handle, name: user.label(), display_name },
            &ceremony.challenge,
            Ceremony::TIMEOUT_MS.unsigned_abs(),
            &known,
        );
        Ok(Answer::ok().with("ceremonyId", passkeys.sign(&ceremony)).with("publicKey", options))
    })
}

async fn confirm(scope: &Scope<'_>, params: &Params, caller: &Caller, user: &User) -> Result<()> {
    match Confirmation::of(scope, user) {
        Confirmation::SecondStep => demand_code(scope, caller, params.required_text("code")?).await,
        Confirmation::Password => {
            scope.demand_own_password(user, params.required_text("password")?).await?;
            // Nothing is stored here that would do so, and whoever breaks a prompt off must not be locked out for it.
            Ok(scope.state.base.store.forget_guesses(user.id(), GuessKind::Password).await?)
        }
        Confirmation::None => Ok(()),
    }
}
