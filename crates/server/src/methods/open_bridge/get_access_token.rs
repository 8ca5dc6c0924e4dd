//! `getAccessToken`

use lingpai_domain::validate::Params;

use super::{super::*, EXPIRED, ListedAddress, OF_APP, UPSTREAM_ERRORS, credential, method, secret};
use crate::open_bridge::Credential;

/// The registry's entry.
pub const METHOD: Method = method(
    "getAccessToken",
    Summary {
        zh: "读取应用的 access_token,没有时向微信获取", en: "Reads an application's access token; asks WeChat if there is none"
    },
    handle,
    OF_APP,
    &[secret("access_token"), EXPIRED],
    UPSTREAM_ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move { credential::read_or_renew(scope, &params, Credential::AccessToken, |keys| keys.access_token()).await })
}
