//! Keys that a user's mini program and the server share (`getuserencryptkey`): from the store, or from
//! WeChat by the user's session key.

use lingpai_domain::{
    error::{Code, Error, Result},
    secret::Secret,
};
use lingpai_providers::weixin::Application;
use serde_json::{Map, Value, json};

use super::{CredentialKey, OpenBridge, access_token::NoCredential};
use crate::{open_data::OpenValue, weixin::WeixinPlatform};

/// Keys whose remaining life WeChat tells as nothing are kept for a minute, seconds.
const SHORTEST_LIFE_S: i64 = 60;

/// A key that a user's mini program and the server share.
#[derive(Clone, Debug)]
pub struct SharedKey {
    /// `encrypt_key`: base64 of 16 bytes.
    pub key: Secret,
    /// `iv`: 16 characters.
    pub iv: String,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum NoSharedKey {
    /// The user has no session key here: the mini program signs in or shakes hands first.
    #[error("no session key is kept for this user")]
    NoSession,
    /// WeChat has no key of this version (any more).
    #[error("WeChat has no key of this version")]
    NoSuchVersion,
    /// WeChat gives none.
    #[error(transparent)]
    Credential(#[from] NoCredential),
}

impl From<Error> for NoSharedKey {
    fn from(error: Error) -> Self {
        NoSharedKey::Credential(error.into())
    }
}

impl NoSharedKey {
    /// The error that the caller sees, with this as its cause for the log.
    pub fn with_code(self, code: Code) -> Error {
        match self {
            NoSharedKey::Credential(none) => none.with_code(code),
            other => Error::new(code).caused_by(other),
        }
    }
}

impl OpenBridge {
    /// The key of a version that a user's mini program names. What WeChat tells is kept until its end.
    ///
    /// # Errors
    /// [`NoSharedKey`]
    pub async fn shared_key(&self, application: &Application, openid: &str, version: i64) -> std::result::Result<SharedKey, NoSharedKey> {
        let keys = CredentialKey::new(WeixinPlatform::MiniProgram.provider(), &application.appid);
        let key = keys.encrypt_key(openid, version);
        if let Some(found) = self.kept(&key).await? {
            return Ok(found);
        }
        let _turn = self.flights.alone(&key).await;
        if let Some(found) = self.kept(&key).await? {
            return Ok(found);
        }
        let session = self.data.read(&keys.session_key(openid)).await?.and_then(|value| value.secret("session_key"));
        let session = session.ok_or(NoSharedKey::NoSession)?;
        let asked = self.access_tokens.with(WeixinPlatform::MiniProgram, application, |token| {
            let session = session.clone();
            async move { self.weixin.encrypt_keys(&token, openid, &session).await }
        });
        let mut wanted = None;
        for told in asked.await? {
            let value = json!({"encrypt_key": told.key.expose(), "iv": told.iv});
            let value = value.as_object().cloned().unwrap_or_default();
            self.data.write(&keys.encrypt_key(openid, told.version), &value, Some(told.expires_in.max(SHORTEST_LIFE_S))).await?;
            if told.version == version {
                wanted = Some(SharedKey { key: told.key, iv: told.iv });
            }
        }
        wanted.ok_or(NoSharedKey::NoSuchVersion)
    }

    /// Whom a code stood for at the handshake of the secure network: `{openid, unionid?, session_key}`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn secure_network_visitor(&self, dcloud_appid: &str, code: &str) -> Result<Option<OpenValue>> {
        self.data.read(&CredentialKey::secure_network_code(dcloud_appid, code)).await
    }

    async fn kept(&self, key: &str) -> Result<Option<SharedKey>> {
        let read = |value: &Map<String, Value>| {
            let text = |field: &str| value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
            Some(SharedKey { key: Secret::new(text("encrypt_key")?), iv: text("iv")?.to_owned() })
        };
        Ok(self.data.read(key).await?.and_then(|found| read(&found.value)))
    }
}
