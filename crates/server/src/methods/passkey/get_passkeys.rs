//! `getPasskeys`: the caller's passkeys.

use lingpai_domain::{error::Code, validate::Params};
use serde_json::Value;

use super::{super::*, Confirmation, shown};

const fn field(name: &'static str, kind: &'static str, zh: &'static str, en: &'static str) -> Output {
    Output { name, kind, about: Summary { zh, en } }
}

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "passkey",
    name: "getPasskeys",
    summary: Summary {
        zh: "获取自己的通行密钥列表(令牌扩展),按添加的先后排列",
        en: "Lists the caller's passkeys (ours), in the order in which they were added",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[
        field("available", "boolean", "服务器是否启用通行密钥", "whether the server allows them"),
        field("limit", "number", "最多可有几个", "how many there may be"),
        field(
            "confirmBy",
            "string",
            "添加时须给出的参数:password、code(两步验证的验证码)或空",
            "which parameter adding one takes: password, code (of two-step verification), or empty for none",
        ),
        field("passkeys", "array", "通行密钥,各项有以下字段", "the passkeys, each with the following fields"),
        field("passkeys[].id", "string", "用于 renamePasskey 与 removePasskey", "for renamePasskey and removePasskey"),
        field("passkeys[].name", "string", "名称", "its name"),
        field("passkeys[].createDate", "number", "添加时间(毫秒时间戳)", "when it was added, milliseconds"),
        field(
            "passkeys[].lastUseDate",
            "number",
            "最后使用时间(毫秒时间戳),从未使用则无",
            "when it was last used, milliseconds, if it was",
        ),
        field("passkeys[].backedUp", "boolean", "是否已同步到云端", "whether it is synchronised between devices"),
        field("passkeys[].transports", "array", "所在设备的连接方式", "how its authenticator may be reached"),
    ],
    errors: &[Code::AccountNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let store = scope.context().store;
        let user = store.user(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
        // The user's document counts them: most users have none.
        let passkeys = if user.passkeys() > 0 { store.passkeys(caller.uid()).await? } else { Vec::new() };
        Ok(Answer::ok()
            .with("available", scope.state.passkeys.is_some())
            .with("limit", scope.state.passkeys.as_ref().map_or(0, |passkeys| passkeys.per_user))
            .with("confirmBy", Confirmation::of(scope, &user).wire())
            .with("passkeys", passkeys.iter().map(shown).collect::<Vec<Value>>()))
    })
}
