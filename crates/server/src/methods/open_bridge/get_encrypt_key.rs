//! `getEncryptKey`

use lingpai_domain::{error::Code, validate::Params};

use super::{
    super::*,
    EXPIRED, ListedAddress, OF_VERSION, UPSTREAM_ERRORS,
    credential::{holder, part, read, version},
    method, secret,
};
use crate::{open_bridge::NoSharedKey, weixin::WeixinPlatform};

/// The registry's entry.
pub const METHOD: Method = method(
    "getEncryptKey",
    Summary {
        zh: "读取用户的 encrypt_key(按版本),没有时以 session_key 向微信获取",
        en: "Reads a user's encrypt key of a version; asks WeChat by the session key if there is none",
    },
    handle,
    OF_VERSION,
    &[secret("encrypt_key"), secret("iv"), EXPIRED],
    UPSTREAM_ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        let (openid, version) = (part(&params, "openid")?, version(&params)?);
        let key = holder.keys().encrypt_key(openid, version);
        if let Some((WeixinPlatform::MiniProgram, application)) = holder.renewable() {
            match scope.state.open_bridge.shared_key(application, openid, version).await {
                Ok(_) | Err(NoSharedKey::NoSession | NoSharedKey::NoSuchVersion) => {}
                Err(none) => return Err(none.with_code(Code::UnknownError)),
            }
        }
        read(scope, &key, &["encrypt_key", "iv"]).await
    })
}
