//! `getTicket`

use lingpai_domain::validate::Params;

use super::{super::*, EXPIRED, ListedAddress, OF_APP, UPSTREAM_ERRORS, credential, method, secret};
use crate::open_bridge::Credential;

/// The registry's entry.
pub const METHOD: Method = method(
    "getTicket",
    Summary {
        zh: "读取公众号的 ticket(JS-SDK 签名用),没有时向微信获取",
        en: "Reads an official account's ticket (for signing JS-SDK calls); asks WeChat if there is none",
    },
    handle,
    OF_APP,
    &[secret("ticket"), EXPIRED],
    UPSTREAM_ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move { credential::read_or_renew(scope, &params, Credential::Ticket, |keys| keys.ticket()).await })
}
