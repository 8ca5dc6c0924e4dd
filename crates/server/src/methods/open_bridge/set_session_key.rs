//! `setSessionKey`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, ListedAddress, SET_OF_USER,
    credential::{holder, part, write},
    method,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "setSessionKey",
    Summary {
        zh: "写入用户的 session_key,供由别处取得凭据的系统使用",
        en: "Stores a user's session key, for systems that get it elsewhere",
    },
    handle,
    SET_OF_USER,
    &[],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        write(scope, &params, &holder.keys().session_key(part(&params, "openid")?), &["session_key"], None).await
    })
}
