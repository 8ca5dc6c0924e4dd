//! `setEncryptKey`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, ListedAddress, SET_OF_VERSION,
    credential::{holder, part, version, write},
    method,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "setEncryptKey",
    Summary {
        zh: "写入用户的 encrypt_key(按版本),供由别处取得凭据的系统使用",
        en: "Stores a user's encrypt key of a version, for systems that get it elsewhere",
    },
    handle,
    SET_OF_VERSION,
    &[],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        write(scope, &params, &holder.keys().encrypt_key(part(&params, "openid")?, version(&params)?), &["encrypt_key", "iv"], None).await
    })
}
