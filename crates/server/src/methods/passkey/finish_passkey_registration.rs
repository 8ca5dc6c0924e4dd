//! `finishPasskeyRegistration`: stores what the browser made.

use lingpai_domain::{
    error::{Code, Error},
    log::{LogSubject, LogType},
    passkey::{self, Passkey, Purpose},
    project::AccountEvent,
    store::{NewPasskey, PasskeyAdded},
    validate::{Params, Rule, optional, required},
};
use lingpai_webauthn::registration;

use super::{super::*, ANSWER_ERRORS, end, shown};
use crate::passkeys::{Passkeys, refused};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "passkey",
    name: "finishPasskeyRegistration",
    summary: Summary {
        zh: "完成添加通行密钥(令牌扩展):credential 为浏览器返回的凭据(PublicKeyCredential.toJSON()),name 为其名称",
        en: "Adds the passkey (ours): credential is what the browser made (PublicKeyCredential.toJSON()), name is what to call it",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("ceremonyId", Rule::Text), required("credential", Rule::Object), optional("name", Rule::Text)],
    outputs: &[Output {
        name: "passkey",
        kind: "object",
        about: Summary { zh: "新的通行密钥,字段同 getPasskeys", en: "the new passkey, with the fields of getPasskeys" },
    }],
    errors: ERRORS,
};

const ERRORS: &[Code] = &{
    let [a, b, c, d, e, f] = ANSWER_ERRORS;
    [a, b, c, d, e, f, Code::PasskeyExists, Code::PasskeyExceedLimit, Code::AccountNotExists]
};

/// The name of passkeys that were given none.
const UNNAMED: &str = "Passkey";

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let passkeys = Passkeys::of(scope)?;
        let context = scope.context();
        let ceremony = passkeys.read(params.required_text("ceremonyId")?, scope)?;
        let Purpose::Register { uid, user_handle } = &ceremony.purpose else { return Err(Code::PasskeyExpired.into()) };
        if uid != caller.uid() {
            return Err(Code::PasskeyExpired.into());
        }
        let row = |success| context.log_row(LogType::BindPasskey, LogSubject::User(caller.uid().to_owned()), success);
        let credential = params.raw("credential").ok_or_else(|| Error::new(Code::ParamRequired).with("param", "credential"))?;
        let made = match registration::verify(&passkeys.party, &ceremony.challenge, credential) {
            Ok(made) => made,
            Err(refusal) => {
                context.store.append_log(&row(false)).await?;
                return Err(refused(refusal));
            }
        };
        let passkey = Passkey {
            id: context.id(),
            uid: caller.uid().to_owned(),
            credential_id: made.id,
            user_handle: user_handle.clone(),
            public_key: made.public_key,
            sign_count: made.state.sign_count,
            backup_eligible: made.state.backup_eligible,
            backed_up: made.state.backed_up,
            transports: made.transports,
            aaguid: made.aaguid,
            name: params.text("name").and_then(passkey::name).unwrap_or_else(|| UNNAMED.to_owned()),
            app: scope.client.app_id.clone(),
            created_at: context.clock.now_ms(),
            last_used_at: None,
        };
        let answer = Answer::ok().with("passkey", shown(&passkey));
        let mut log = row(true);
        log.told = context.told(AccountEvent::BindPasskey, caller.uid());
        let new = NewPasskey { passkey, ceremony: end(scope, &ceremony), most: passkeys.per_user, log };
        match context.store.add_passkey(&new).await? {
            PasskeyAdded::Done => Ok(answer),
            PasskeyAdded::CeremonyUsed => Err(Code::PasskeyExpired.into()),
            PasskeyAdded::Taken => {
                context.store.append_log(&row(false)).await?;
                Err(Code::PasskeyExists.into())
            }
            PasskeyAdded::TooMany => Err(Code::PasskeyExceedLimit.into()),
            PasskeyAdded::Gone => Err(Code::AccountNotExists.into()),
        }
    })
}
