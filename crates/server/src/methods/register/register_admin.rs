//! `registerAdmin`: the first administrator, of whom there is one.

use serde_json::{Map, json};

use lingpai_domain::{
    error::Code,
    registration::Newcomer,
    roles::ADMIN,
    secret,
    validate::{Params, Rule, optional, required},
};

use super::{super::*, SESSION_OUTPUTS, add_password_and_nickname, check_app, finish};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "register",
    name: "registerAdmin",
    summary: Summary {
        zh: "注册管理员;全系统只能有一个。生产模式须带上服务器首次启动时打印的设置令牌 setupToken",
        en: "Registers the administrator; there can be one only. Production mode demands the set-up token that the server printed at its first start",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Register,
    fields: &[
        required("username", Rule::Username),
        required("password", Rule::Password),
        optional("nickname", Rule::Nickname),
        optional("setupToken", Rule::Text),
    ],
    outputs: SESSION_OUTPUTS,
    errors: &[Code::AdminExists, Code::AccountExists, Code::SetupTokenRequired],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        check_app(scope)?;
        scope.check_passwords()?;
        if let Some(expected) = scope.state.setup_token() {
            let given = params.text("setupToken").unwrap_or_default();
            if !secret::equal(given.as_bytes(), expected.expose().as_bytes()) {
                return Err(Code::SetupTokenRequired.into());
            }
        }
        // Asked here so that a late-comer does not cost a hash; the store decides again, atomically.
        if scope.state.base.store.admin_exists().await? {
            return Err(Code::AdminExists.into());
        }
        let mut fields = Map::new();
        fields.insert("username".into(), params.required_text("username")?.to_lowercase().into());
        add_password_and_nickname(scope, &mut fields, &params).await?;
        fields.insert("role".into(), json!([ADMIN]));
        finish(scope, Newcomer { fields, admin_seat: true, ..Newcomer::default() }).await
    })
}
