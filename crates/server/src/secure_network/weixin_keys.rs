//! Where the keys of mini programs' users come from.

use async_trait::async_trait;
use lingpai_domain::error::Result;
use lingpai_secure::weixin::{EncryptKey, KeyLookup};
use serde_json::Value;

use crate::{
    open_bridge::{NoCredential, NoSharedKey},
    state::State,
    weixin::WeixinPlatform,
};

/// Whose key it is.
#[derive(Clone, Copy, Debug)]
pub enum WeixinUser<'a> {
    /// The code of the handshake.
    Code(&'a str),
    /// The openid, in projects with accounts of their own.
    OpenId(&'a str),
    /// The account that is logged in: by the openid that it signed in with.
    Account(&'a str),
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

/// The open bridge's: what it keeps in `opendb-open-data`, else what WeChat gives.
pub struct BridgeKeys<'a>(pub &'a State);

#[async_trait]
impl WeixinKeys for BridgeKeys<'_> {
    async fn find(&self, app_id: &str, user: WeixinUser<'_>, version: i64) -> Result<KeyLookup> {
        let bridge = &self.0.open_bridge;
        let openid = match user {
            WeixinUser::OpenId(openid) => Some(openid.to_owned()),
            WeixinUser::Account(uid) => match self.0.base.store.user(uid).await? {
                Some(user) => WeixinPlatform::MiniProgram.openid_of(&user, app_id).map(str::to_owned),
                None => return Ok(KeyLookup::AccountUnknown),
            },
            WeixinUser::Code(code) => {
                let kept = bridge.secure_network_visitor(app_id, code).await?;
                kept.and_then(|kept| kept.value.get("openid").and_then(Value::as_str).map(str::to_owned))
            }
        };
        let Some(openid) = openid.filter(|openid| !openid.is_empty()) else { return Ok(KeyLookup::OpenIdUnknown) };
        let platform = WeixinPlatform::MiniProgram;
        let config = self.0.center.app(app_id, platform.uni_platform());
        let Some(application) = config.ok().and_then(|config| platform.application(&config).ok()) else {
            tracing::warn!(app_id, "the mini program's appid and appsecret are not configured: its calls cannot be opened");
            return Ok(KeyLookup::NotFetched);
        };
        Ok(match bridge.shared_key(&application, &openid, version).await {
            Ok(shared) => EncryptKey::parse(shared.key.expose(), &shared.iv).map_or(KeyLookup::NotFetched, KeyLookup::Found),
            Err(NoSharedKey::NoSuchVersion) => KeyLookup::VersionUnknown,
            Err(NoSharedKey::Credential(NoCredential::Store(error))) => return Err(error),
            Err(error) => {
                tracing::warn!(app_id, %error, "no key for a mini program's user");
                KeyLookup::NotFetched
            }
        })
    }
}
