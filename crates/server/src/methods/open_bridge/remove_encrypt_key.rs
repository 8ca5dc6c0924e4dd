//! `removeEncryptKey`

use lingpai_domain::validate::Params;

use super::{
    super::*,
    ERRORS, ListedAddress, OF_VERSION,
    credential::{holder, part, remove, version},
    method,
};

/// The registry's entry.
pub const METHOD: Method = method(
    "removeEncryptKey",
    Summary { zh: "删除用户的 encrypt_key(按版本)", en: "Removes a user's encrypt key of a version" },
    handle,
    OF_VERSION,
    &[],
    ERRORS,
);

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _: &'a ListedAddress) -> Reply<'a> {
    Box::pin(async move {
        let holder = holder(scope, &params)?;
        remove(scope, &holder.keys().encrypt_key(part(&params, "openid")?, version(&params)?)).await
    })
}
