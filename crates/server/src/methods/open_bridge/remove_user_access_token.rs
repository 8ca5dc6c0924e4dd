//! `removeUserAccessToken`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, ListedAddress, OF_USER,
    credential::{holder, part, remove},
    method,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "removeUserAccessToken",
    Summary { zh: "删除用户的 access_token", en: "Removes a user's access token" },
    handle,
    OF_USER,
    &[],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        remove(scope, &holder.keys().user_access_token(part(&params, "openid")?)).await
    })
}
