//! Whom a code of WeChat stands for.

use lingpai_domain::{
    account::{ThirdParty, ThirdPartyAccount},
    error::{Code, Error, Result},
    secret::Secret,
};
use lingpai_providers::{http::UpstreamError, weixin::Application};
use serde_json::{Map, Value, json};

use super::WeixinPlatform;
use crate::{open_bridge::CredentialKey, pipeline::Scope};

/// How long session keys and access tokens of users are kept, seconds: 30 days, as the original does.
const KEYS_KEPT_S: i64 = 30 * 86_400;

/// The longest nickname that is taken over, characters.
const LONGEST_NICKNAME: usize = 100;

/// The longest address of a picture that is taken over, bytes.
const LONGEST_ADDRESS: usize = 1024;

/// WeChat's code for "the user did not allow that": a silent sign-in (snsapi_base) tells no profile.
const NOT_ALLOWED: &[&str] = &["48001"];

/// Somebody whom WeChat vouches for, and the keys that it handed out with that.
pub struct Visitor {
    /// The account.
    pub account: ThirdPartyAccount,
    platform: WeixinPlatform,
    application: Application,
    unionid: Option<String>,
    keys: Map<String, Value>,
}

/// Asks WeChat whom a code stands for. The code is spent.
///
/// # Errors
/// [`Code::GetThirdPartyAccountFailed`] if WeChat does not say.
pub async fn visitor(scope: &Scope<'_>, platform: WeixinPlatform, application: Application, code: &str) -> Result<Visitor> {
    let weixin = &scope.state.upstreams.weixin;
    let failed = |error: UpstreamError| error.with_code(Code::GetThirdPartyAccountFailed);
    let (openid, unionid, keys) = if platform == WeixinPlatform::MiniProgram {
        let session = weixin.mini_program_session(&application, code).await.map_err(failed)?;
        (session.openid, session.unionid, json!({"session_key": session.session_key.expose()}))
    } else {
        let token = weixin.user_token(&application, code).await.map_err(failed)?;
        let expired = scope.state.base.clock.now_ms().saturating_add(token.expires_in.saturating_mul(1000));
        let keys = json!({
            "access_token": token.access_token.expose(),
            "refresh_token": token.refresh_token.expose(),
            "access_token_expired": expired,
        });
        (token.openid, token.unionid, keys)
    };
    let keys = keys.as_object().cloned().unwrap_or_default();
    let app = &scope.client.app_id;
    let account = ThirdPartyAccount::with_platform(ThirdParty::Weixin, platform.key(), app, &openid, unionid.as_deref(), keys.clone());
    let account = account.ok_or_else(|| Error::new(Code::GetThirdPartyAccountFailed))?;
    Ok(Visitor { account, platform, application, unionid, keys })
}

impl Visitor {
    /// Nickname and picture for a newcomer's document. Mini programs tell none.
    ///
    /// # Errors
    /// [`Code::GetThirdPartyUserInfoFailed`] if WeChat fails; that the user did not allow it is no error.
    pub async fn profile(&self, scope: &Scope<'_>) -> Result<Map<String, Value>> {
        let mut fields = Map::new();
        let Some(token) = self.keys.get("access_token").and_then(Value::as_str) else { return Ok(fields) };
        let profile = match scope.state.upstreams.weixin.profile(&self.application, &Secret::new(token), self.account.openid()).await {
            Ok(profile) => profile,
            Err(error) if error.is_refusal(NOT_ALLOWED) => return Ok(fields),
            Err(error) => return Err(error.with_code(Code::GetThirdPartyUserInfoFailed)),
        };
        if let Some(nickname) = profile.nickname {
            fields.insert("nickname".into(), nickname.chars().take(LONGEST_NICKNAME).collect::<String>().into());
        }
        if let Some((avatar, extension)) =
            profile.avatar.and_then(|address| picture_extension(&address).map(|extension| (address, extension)))
        {
            let openid = self.account.openid();
            let tail: String = openid.chars().skip(openid.chars().count().saturating_sub(8)).collect();
            let name = format!("user/avatar/{tail}{}-avatar.{extension}", scope.state.base.clock.now_ms());
            fields.insert("avatar_file".into(), json!({"name": name, "extname": extension, "url": avatar}));
        }
        Ok(fields)
    }

    /// Keeps the keys in `opendb-open-data`, from where other functions of the project take them.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn keep_keys(&self, scope: &Scope<'_>) -> Result<()> {
        let key = CredentialKey::new(self.platform.provider(), &self.application.appid);
        let key = match self.platform {
            WeixinPlatform::MiniProgram => key.session_key(self.account.openid()),
            _ => key.user_access_token(self.account.openid()),
        };
        scope.state.open_bridge.data.write(&key, &self.keys, KEYS_KEPT_S).await
    }

    /// Keeps, under the code, whom it stood for: calls of the secure network name the code.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn keep_for_secure_network(&self, scope: &Scope<'_>, code: &str) -> Result<()> {
        let key = CredentialKey::secure_network_code(&scope.client.app_id, code);
        let mut value = Map::from_iter([("openid".to_owned(), json!(self.account.openid()))]);
        if let Some(unionid) = &self.unionid {
            value.insert("unionid".into(), json!(unionid));
        }
        value.extend(self.keys.clone());
        let life = scope.tokens()?.expires_in;
        scope.state.open_bridge.data.write(&key, &value, life).await
    }
}

/// Kinds of pictures that browsers show and that cannot be scripts: no SVG.
const PICTURES: [&str; 5] = ["jpg", "jpeg", "png", "gif", "webp"];

/// The kind of the picture at an address, by its path's ending; jpg without one, as WeChat's have none.
/// The picture stays where it is, browsers fetch it; `None` for what might be something else.
fn picture_extension(address: &str) -> Option<&'static str> {
    let address = url::Url::parse(address).ok().filter(|url| url.as_str().len() <= LONGEST_ADDRESS)?;
    if !matches!(address.scheme(), "https" | "http") {
        return None;
    }
    // A dot in a folder's name says nothing of the picture.
    let name = address.path().rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        None => Some("jpg"),
        Some((_, extension)) => PICTURES.into_iter().find(|picture| picture.eq_ignore_ascii_case(extension)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_their_address() {
        for (address, kind) in [
            ("https://thirdwx.qlogo.cn/mmopen/vi_32/A/132", Some("jpg")),
            ("http://thirdqq.qlogo.cn/g/A/40.PNG?x=1", Some("png")),
            ("https://example.com/cdn.example.com/mmopen/A/132", Some("jpg")),
            ("https://example.com/a.png/b.svg", None),
            ("https://example.com/a.svg", None),
            ("https://example.com/a.html", None),
            ("javascript:alert(1)", None),
            ("data:image/png;base64,AAAA", None),
            ("/relative.png", None),
        ] {
            assert_eq!(picture_extension(address), kind, "{address}");
        }
        assert_eq!(picture_extension(&format!("https://example.com/{}", "a".repeat(LONGEST_ADDRESS))), None);
    }
}
