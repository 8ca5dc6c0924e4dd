//! `startPasskeyLogin`: options for signing in with a passkey.

use lingpai_domain::{
    error::Code,
    passkey::{Ceremony, Purpose},
    validate::Params,
};
use lingpai_webauthn::options;

use super::{super::*, CEREMONY_OUTPUTS};
use crate::passkeys::Passkeys;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "passkey",
    name: "startPasskeyLogin",
    summary: Summary {
        zh: "开始以通行密钥登录(令牌扩展):返回交给浏览器的选项,不需要用户名。登录页可提前调用,用于输入框的自动填充",
        en: "Begins to sign in with a passkey (ours): answers options for the browser; no user name is needed. Pages may call it ahead, for autofill of their fields",
    },
    access: Access::Anyone(handle),
    // Not that of logins: sign-in pages call it whenever they open, and it tells nothing and stores nothing.
    bucket: Bucket::General,
    fields: &[],
    outputs: CEREMONY_OUTPUTS,
    errors: &[Code::ConfigFieldRequired],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params) -> Reply<'a> {
    Box::pin(async move {
        let passkeys = Passkeys::of(scope)?;
        let context = scope.context();
        let ceremony = Ceremony::begin(Purpose::SignIn, scope.client, context.clock.now_ms(), context.random);
        let options = options::request(&passkeys.party, &ceremony.challenge, Ceremony::TIMEOUT_MS.unsigned_abs());
        Ok(Answer::ok().with("ceremonyId", passkeys.sign(&ceremony)).with("publicKey", options))
    })
}
