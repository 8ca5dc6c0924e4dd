//! Creating accounts.

pub mod register_admin;
pub mod register_user;
pub mod register_user_by_email;
pub mod register_user_by_mobile;

use serde_json::{Map, Value};

use lingpai_domain::{
    error::{Code, Error, Result},
    registration::Newcomer,
    validate::Params,
};

use super::{Output, Summary};
use crate::{answer::Answer, pipeline::Scope};

/// What registrations and logins answer.
pub const SESSION_OUTPUTS: &[Output] = &[
    Output { name: "uid", kind: "string", about: Summary { zh: "用户的 _id", en: "the user's _id" } },
    Output { name: "newToken.token", kind: "string", about: Summary { zh: "JWT", en: "the JWT" } },
    Output {
        name: "newToken.tokenExpired",
        kind: "number",
        about: Summary { zh: "token 到期时间(毫秒时间戳)", en: "when the token ends, milliseconds since the epoch" },
    },
    Output { name: "passwordConfirmed", kind: "boolean", about: Summary { zh: "是否设有密码", en: "whether a password is set" } },
];

/// Refuses applications that nobody listed, where somebody listed any: the client's word for its
/// application is no authority (deviation 6).
pub(super) fn check_app(scope: &Scope<'_>) -> Result<()> {
    if scope.state.knows_app(&scope.client.app_id) { Ok(()) } else { Err(Error::new(Code::InvalidParam).with("param", "clientInfo.appId")) }
}

/// Puts `password`, `password_secret_version` and `nickname` into a new document.
async fn add_password_and_nickname(scope: &Scope<'_>, fields: &mut Map<String, Value>, params: &Params) -> Result<()> {
    let (password, version) = scope.hash_password(params.required_text("password")?).await?;
    fields.insert("password".into(), password.into());
    if let Some(version) = version {
        fields.insert("password_secret_version".into(), version.into());
    }
    if let Some(nickname) = params.raw("nickname") {
        fields.insert("nickname".into(), nickname.clone());
    }
    Ok(())
}

/// Registers someone with a password and answers the first session.
pub(super) async fn finish(scope: &Scope<'_>, newcomer: Newcomer) -> Result<Answer> {
    let (uid, token) = scope.context().register(newcomer, &scope.registration(), scope.tokens()?, scope.present.as_ref()).await?;
    Ok(Answer::ok().with("uid", uid).with_token(token).with("passwordConfirmed", true))
}
