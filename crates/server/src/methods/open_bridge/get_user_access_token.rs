//! `getUserAccessToken`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, EXPIRED, ListedAddress, OF_USER,
    credential::{holder, part, read},
    method, secret,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "getUserAccessToken",
    Summary { zh: "读取用户的 access_token", en: "Reads a user's access token" },
    handle,
    OF_USER,
    &[secret("access_token"), EXPIRED],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        read(scope, &holder.keys().user_access_token(part(&params, "openid")?), &["access_token"]).await
    })
}
