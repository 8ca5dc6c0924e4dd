//! `setTicket`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, ListedAddress, SET_OF_APP,
    credential::{USUAL_LIFE_S, holder, write},
    method,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "setTicket",
    Summary {
        zh: "写入公众号的 ticket(JS-SDK 签名用),供由别处取得凭据的系统使用",
        en: "Stores an official account's ticket (for signing JS-SDK calls), for systems that get it elsewhere",
    },
    handle,
    SET_OF_APP,
    &[],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        write(scope, &params, &holder.keys().ticket(), &["ticket"], Some(USUAL_LIFE_S)).await
    })
}
