//! Where the keys of mini programs' users come from.

use async_trait::async_trait;
use lingpai_domain::error::{Code, Result};
use lingpai_secure::weixin::{EncryptKey, KeyLookup};
use serde_json::Value;

use crate::{open_bridge::CredentialKey, state::State, weixin::WeixinPlatform};

/// Whose key it is.
#[derive(Clone, Copy, Debug)]
pub enum WeixinUser<'a> {
    /// The code of the handshake.
    Code(&'a str),
    /// The openid, in projects with accounts of their own.
    OpenId(&'a str),
}

/// Finds the key that a mini program's user shares with this server.
#[async_trait]
pub trait WeixinKeys: Send + Sync {
    /// The key of a version, or how far the search came.
    ///
    /// # Errors
    /// If the store fails.
    async fn find(&self, app_id: &str, user: WeixinUser<'_>, version: i64) -> Result<KeyLookup>;
}

/// The keys that the handshake and the open bridge keep in `opendb-open-data`.
pub struct KeptKeys<'a>(pub &'a State);

#[async_trait]
impl WeixinKeys for KeptKeys<'_> {
    async fn find(&self, app_id: &str, user: WeixinUser<'_>, version: i64) -> Result<KeyLookup> {
        let data = &self.0.open_bridge.data;
        let openid = match user {
            WeixinUser::OpenId(openid) => Some(openid.to_owned()),
            WeixinUser::Code(code) => {
                let kept = data.read(&CredentialKey::secure_network_code(app_id, code)).await?;
                kept.and_then(|kept| kept.value.get("openid").and_then(Value::as_str).map(str::to_owned))
            }
        };
        let Some(openid) = openid.filter(|openid| !openid.is_empty()) else { return Ok(KeyLookup::OpenIdUnknown) };
        let Ok(config) = self.0.center.app(app_id, WeixinPlatform::MiniProgram.uni_platform()) else { return Ok(KeyLookup::NotFetched) };
        let application = match WeixinPlatform::MiniProgram.application(&config) {
            Ok(application) => application,
            Err(error) if error.code == Code::ConfigFieldRequired => return Ok(KeyLookup::NotFetched),
            Err(error) => return Err(error),
        };
        let key = CredentialKey::new(WeixinPlatform::MiniProgram.provider(), &application.appid).encrypt_key(&openid, version);
        let kept = data.read(&key).await?;
        let text = |name: &str| kept.as_ref().and_then(|kept| kept.value.get(name)).and_then(Value::as_str).unwrap_or_default();
        Ok(match (kept.is_some(), EncryptKey::parse(text("encrypt_key"), text("iv"))) {
            (true, Ok(key)) => KeyLookup::Found(key),
            _ => KeyLookup::NotFetched,
        })
    }
}
