//! QQ: mini programs by a code, apps by an access token.

use lingpai_domain::{
    account::{ThirdParty, ThirdPartyAccount},
    client::Client,
    error::{Code, Error, Result},
    secret::Secret,
    validate::Params,
};
use serde_json::{Map, Value, json};

use super::configured;
use crate::{open_bridge::CredentialKey, pipeline::Scope};

/// How long session keys and access tokens are kept when nobody says for how long they are good, seconds:
/// 30 days, as the original does.
const KEYS_KEPT_S: i64 = 30 * 86_400;

/// The longest nickname that is taken over, characters.
const LONGEST_NICKNAME: usize = 100;

/// Where QQ is used from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Platform {
    MiniProgram,
    App,
}

impl Platform {
    fn of(client: &Client) -> Result<Self> {
        match client.platform.as_str() {
            "mp-qq" => Ok(Self::MiniProgram),
            "app" => Ok(Self::App),
            _ => Err(Error::new(Code::InvalidParam).with("param", "clientInfo.uniPlatform")),
        }
    }

    /// Under which openids are kept, and the name in keys of `opendb-open-data`.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::MiniProgram => ("mp", "qq-mp"),
            Self::App => ("app", "qq-app"),
        }
    }
}

/// What a client has from QQ.
#[derive(Clone, Copy)]
pub struct QqProof<'a> {
    code: Option<&'a str>,
    access_token: Option<&'a str>,
    /// `accessTokenExpired`, milliseconds.
    expired: Option<&'a Value>,
}

impl<'a> QqProof<'a> {
    /// The methods' parameters `code`, `accessToken` and `accessTokenExpired`.
    pub fn of(params: &'a Params) -> Self {
        Self { code: params.text("code"), access_token: params.text("accessToken"), expired: params.present("accessTokenExpired") }
    }
}

/// Somebody whom QQ vouches for, and the keys that go with that.
pub struct QqVisitor {
    /// The account.
    pub account: ThirdPartyAccount,
    platform: Platform,
    appid: String,
    keys: Map<String, Value>,
    kept_s: i64,
}

/// The application at QQ for the caller's platform.
pub struct QqApplication {
    platform: Platform,
    appid: String,
    /// Of mini programs only.
    secret: Secret,
}

impl QqApplication {
    /// What is configured.
    ///
    /// # Errors
    /// [`Code::ConfigFieldRequired`] names what is missing, [`Code::InvalidParam`] a platform that QQ is not
    /// used from.
    pub fn of(scope: &Scope<'_>) -> Result<Self> {
        let platform = Platform::of(scope.client)?;
        let secret = match platform {
            Platform::MiniProgram => Secret::new(configured(scope, "qq", "appsecret")?),
            Platform::App => Secret::default(),
        };
        Ok(Self { platform, appid: configured(scope, "qq", "appid")?.to_owned(), secret })
    }

    /// Asks QQ whom a client's code or access token stands for. A code is spent by it.
    ///
    /// # Errors
    /// [`Code::GetThirdPartyAccountFailed`] if QQ does not say.
    pub async fn visitor(self, scope: &Scope<'_>, proof: QqProof<'_>) -> Result<QqVisitor> {
        let failed = || Error::new(Code::GetThirdPartyAccountFailed);
        let (qq, Self { platform, appid, secret }) = (&scope.state.upstreams.qq, self);
        let mut kept_s = KEYS_KEPT_S;
        let (openid, unionid, keys) = match platform {
            Platform::MiniProgram => {
                let session = qq.session(&appid, &secret, proof.code).await.map_err(|error| failed().caused_by(error))?;
                (session.openid, session.unionid, json!({"session_key": session.session_key.expose()}))
            }
            Platform::App => {
                let token = proof.access_token.ok_or_else(failed)?;
                let account = qq.account(&appid, token).await.map_err(|error| failed().caused_by(error))?;
                let mut keys = json!({"access_token": token});
                if let Some(expired) = proof.expired {
                    keys["access_token_expired"] = expired.clone();
                    let left_ms = expired.as_f64().unwrap_or_default() - scope.state.base.clock.now_ms() as f64;
                    // A float that does not fit becomes the nearest whole number that does.
                    kept_s = (left_ms / 1000.0) as i64;
                }
                (account.openid, account.unionid, keys)
            }
        };
        let keys = keys.as_object().cloned().unwrap_or_default();
        let (key, _) = platform.names();
        let app = &scope.client.app_id;
        let account = ThirdPartyAccount::with_platform(ThirdParty::Qq, key, app, &openid, unionid.as_deref(), keys.clone());
        Ok(QqVisitor { account: account.ok_or_else(failed)?, platform, appid, keys, kept_s })
    }
}

impl QqVisitor {
    /// The nickname for a newcomer's document. Mini programs tell none.
    ///
    /// # Errors
    /// [`Code::GetThirdPartyUserInfoFailed`] if QQ fails.
    pub async fn profile(&self, scope: &Scope<'_>) -> Result<Map<String, Value>> {
        let mut fields = Map::new();
        let Some(token) = self.keys.get("access_token").and_then(Value::as_str) else { return Ok(fields) };
        let nickname = scope.state.upstreams.qq.nickname(&self.appid, self.account.openid(), token).await;
        if let Some(nickname) = nickname.map_err(|error| error.with_code(Code::GetThirdPartyUserInfoFailed))? {
            fields.insert("nickname".into(), nickname.chars().take(LONGEST_NICKNAME).collect::<String>().into());
        }
        Ok(fields)
    }

    /// Keeps the keys in `opendb-open-data`, from where other functions of the project take them.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn keep_keys(&self, scope: &Scope<'_>) -> Result<()> {
        let (_, provider) = self.platform.names();
        let key = CredentialKey::new(provider, &self.appid);
        let key = match self.platform {
            Platform::MiniProgram => key.session_key(self.account.openid()),
            Platform::App => key.user_access_token(self.account.openid()),
        };
        scope.state.open_bridge.data.write(&key, &self.keys, self.kept_s).await
    }
}
