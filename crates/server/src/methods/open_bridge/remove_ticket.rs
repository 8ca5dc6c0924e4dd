//! `removeTicket`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, ListedAddress, OF_APP,
    credential::{holder, remove},
    method,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "removeTicket",
    Summary { zh: "删除公众号的 ticket(JS-SDK 签名用)", en: "Removes an official account's ticket (for signing JS-SDK calls)" },
    handle,
    OF_APP,
    &[],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        remove(scope, &holder.keys().ticket()).await
    })
}
