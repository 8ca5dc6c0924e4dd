//! `setUserAccessToken`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, ListedAddress, SET_OF_USER,
    credential::{USUAL_LIFE_S, holder, part, write},
    method,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "setUserAccessToken",
    Summary {
        zh: "写入用户的 access_token,供由别处取得凭据的系统使用",
        en: "Stores a user's access token, for systems that get it elsewhere",
    },
    handle,
    SET_OF_USER,
    &[],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        write(scope, &params, &holder.keys().user_access_token(part(&params, "openid")?), &["access_token"], Some(USUAL_LIFE_S)).await
    })
}
