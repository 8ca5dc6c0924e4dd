//! `setAccessToken`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, ListedAddress, SET_OF_APP,
    credential::{USUAL_LIFE_S, holder, write},
    method,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "setAccessToken",
    Summary {
        zh: "写入应用的 access_token,供由别处取得凭据的系统使用",
        en: "Stores an application's access token, for systems that get it elsewhere",
    },
    handle,
    SET_OF_APP,
    &[],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        write(scope, &params, &holder.keys().access_token(), &["access_token"], Some(USUAL_LIFE_S)).await
    })
}
