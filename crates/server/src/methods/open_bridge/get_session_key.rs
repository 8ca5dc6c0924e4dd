//! `getSessionKey`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, EXPIRED, ListedAddress, OF_USER,
    credential::{holder, part, read},
    method, secret,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "getSessionKey",
    Summary { zh: "读取用户的 session_key", en: "Reads a user's session key" },
    handle,
    OF_USER,
    &[secret("session_key"), EXPIRED],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        read(scope, &holder.keys().session_key(part(&params, "openid")?), &["session_key"]).await
    })
}
