//! `renamePasskey`: calls one of the caller's passkeys something else.

use lingpai_domain::{
    error::{Code, Error},
    passkey,
    validate::{Params, Rule, required},
};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "passkey",
    name: "renamePasskey",
    summary: Summary {
        zh: "重命名自己的一个通行密钥(令牌扩展),最多 64 个字符",
        en: "Renames one of the caller's passkeys (ours), 64 characters at most",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[required("id", Rule::Text), required("name", Rule::Text)],
    outputs: &[],
    errors: &[Code::PasskeyNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let name = passkey::name(params.required_text("name")?).ok_or_else(|| Error::new(Code::InvalidParam).with("param", "name"))?;
        if scope.context().store.rename_passkey(caller.uid(), params.required_text("id")?, &name).await? {
            Ok(Answer::ok())
        } else {
            Err(Code::PasskeyNotExists.into())
        }
    })
}
