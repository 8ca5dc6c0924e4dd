//! `removeAccessToken`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, ListedAddress, OF_APP,
    credential::{holder, remove},
    method,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "removeAccessToken",
    Summary { zh: "删除应用的 access_token", en: "Removes an application's access token" },
    handle,
    OF_APP,
    &[],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        remove(scope, &holder.keys().access_token()).await
    })
}
