//! Mobile numbers that WeChat vouches for.

use lingpai_domain::{
    account::User,
    error::{Code, Error, Result},
    secret::Secret,
};
use lingpai_providers::weixin::{Application, decrypt_phone_number};

use super::WeixinPlatform;
use crate::{open_bridge::CredentialKey, pipeline::Scope};

/// The number behind the code of a mini program's `getPhoneNumber` button.
///
/// # Errors
/// [`Code::GetThirdPartyAccountFailed`] if WeChat does not say.
pub async fn phone_number(scope: &Scope<'_>, application: &Application, code: &str) -> Result<String> {
    let weixin = &scope.state.upstreams.weixin;
    let tokens = &scope.state.open_bridge.access_tokens;
    let asked = tokens.with(WeixinPlatform::MiniProgram, application, |token| async move { weixin.phone_number(&token, code).await });
    asked.await.map_err(|none| none.with_code(Code::GetThirdPartyAccountFailed))
}

/// The number in the `encryptedData` of such a button, by the session key of the user's last sign-in with
/// WeChat.
///
/// # Errors
/// [`Code::GetThirdPartyAccountFailed`] if there is no session key, or it does not fit: the client calls
/// `wx.login` and loginByWeixin or bindWeixin again.
pub async fn decrypted_phone_number(scope: &Scope<'_>, application: &Application, user: &User, data: &str, iv: &str) -> Result<String> {
    let failed = || Error::new(Code::GetThirdPartyAccountFailed);
    let platform = WeixinPlatform::MiniProgram;
    let openid = platform.openid_of(user, &scope.client.app_id).ok_or_else(failed)?;
    let key = CredentialKey::new(platform.provider(), &application.appid).session_key(openid);
    let kept = scope.state.open_bridge.data.read(&key).await?.and_then(|value| value.secret("session_key"));
    // Older versions kept it with the user only.
    let older = || Some(Secret::new(user.doc.get("third_party")?.get("mp_weixin")?.get("session_key")?.as_str()?));
    let session = kept.or_else(older).ok_or_else(failed)?;
    decrypt_phone_number(data, iv, &session, &application.appid).map_err(|error| failed().caused_by(error))
}
