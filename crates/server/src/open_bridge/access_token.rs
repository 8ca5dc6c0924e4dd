//! Access tokens of applications at WeChat, and tickets of official accounts: kept, renewed by one node
//! at a time, and replaced when WeChat says that they are stale.

use std::{future::Future, time::Duration};

use lingpai_domain::{
    error::{Code, Error, Result},
    secret::Secret,
};
use lingpai_providers::{
    http::UpstreamError,
    weixin::{Application, STALE_TOKEN, Weixin},
};
use serde_json::{Map, Value};

use super::{CredentialKey, flights::Flights};
use crate::{
    open_data::{OpenData, OpenValue},
    state::Base,
    weixin::WeixinPlatform,
};

/// How long one node may take to renew a credential before others try, milliseconds.
const LEASE_MS: i64 = 10_000;
/// How often somebody looks who waits for another node.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long somebody waits for another node.
const WAIT_AT_MOST: Duration = Duration::from_secs(12);
/// A credential with less left than this is renewed ahead of its end, milliseconds: in its last five
/// minutes WeChat hands out the next token while the present one is still good.
pub const AHEAD_MS: i64 = 300_000;

/// Access tokens and tickets.
pub struct AccessTokens {
    base: Base,
    data: OpenData,
    weixin: Weixin,
    flights: Flights,
}

/// Which credential of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// `access_token`
    AccessToken,
    /// `ticket`
    Ticket,
}

impl Credential {
    /// The field of the value.
    pub const fn field(self) -> &'static str {
        match self {
            Credential::AccessToken => "access_token",
            Credential::Ticket => "ticket",
        }
    }

    fn key(self, platform: WeixinPlatform, application: &Application) -> String {
        let key = CredentialKey::new(platform.provider(), &application.appid);
        match self {
            Credential::AccessToken => key.access_token(),
            Credential::Ticket => key.ticket(),
        }
    }
}

/// Why a credential that is there is not taken.
enum Unfit<'a> {
    /// It is taken unless it has ended.
    Ended,
    /// It is taken unless it ends soon.
    EndsSoon,
    /// It is taken unless it is this one, which WeChat refused.
    Is(&'a str),
}

impl Unfit<'_> {
    fn accepts(&self, found: &OpenValue, credential: Credential, now: i64) -> Option<Secret> {
        let secret = found.secret(credential.field())?;
        match self {
            Unfit::Ended => Some(secret),
            Unfit::EndsSoon => found.expired.is_none_or(|end| end - now > AHEAD_MS).then_some(secret),
            Unfit::Is(stale) => (secret.expose() != *stale).then_some(secret),
        }
    }
}

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub enum NoCredential {
    /// WeChat does not give it.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// Another node took too long.
    #[error("another node renews it, and takes too long")]
    Waiting,
    /// The store failed.
    #[error("{0}")]
    Store(Error),
}

impl From<Error> for NoCredential {
    fn from(error: Error) -> Self {
        NoCredential::Store(error)
    }
}

impl NoCredential {
    /// The error that the caller sees, with this as its cause for the log.
    pub fn with_code(self, code: Code) -> Error {
        match self {
            NoCredential::Store(error) => error,
            other => Error::new(code).caused_by(other),
        }
    }
}

impl AccessTokens {
    /// Of this store, from WeChat.
    pub fn new(base: Base, data: OpenData, weixin: Weixin) -> Self {
        Self { base, data, weixin, flights: Flights::default() }
    }

    /// The present credential, from WeChat if there is none.
    ///
    /// # Errors
    /// [`NoCredential`]
    pub async fn current(
        &self,
        credential: Credential,
        platform: WeixinPlatform,
        application: &Application,
    ) -> std::result::Result<Secret, NoCredential> {
        self.fetch(credential, platform, application, Unfit::Ended).await
    }

    /// Renews a credential that ends soon. Cheap if it does not.
    ///
    /// # Errors
    /// [`NoCredential`]
    pub async fn keep_ahead(
        &self,
        credential: Credential,
        platform: WeixinPlatform,
        application: &Application,
    ) -> std::result::Result<(), NoCredential> {
        self.fetch(credential, platform, application, Unfit::EndsSoon).await.map(|_| ())
    }

    /// Does something with the access token. If WeChat says that the token is stale, it is replaced and
    /// the thing done once more: what is refused for its token is not carried out.
    ///
    /// # Errors
    /// [`NoCredential`]
    pub async fn with<T, F>(
        &self,
        platform: WeixinPlatform,
        application: &Application,
        work: impl Fn(Secret) -> F,
    ) -> std::result::Result<T, NoCredential>
    where
        F: Future<Output = std::result::Result<T, UpstreamError>>,
    {
        let token = self.current(Credential::AccessToken, platform, application).await?;
        match work(token.clone()).await {
            Err(error) if error.is_refusal(STALE_TOKEN) => {
                tracing::warn!(provider = platform.provider(), "WeChat says that the access token is stale: it is replaced");
                let newer = self.fetch(Credential::AccessToken, platform, application, Unfit::Is(token.expose())).await?;
                Ok(work(newer).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    async fn fetch(
        &self,
        credential: Credential,
        platform: WeixinPlatform,
        application: &Application,
        unfit: Unfit<'_>,
    ) -> std::result::Result<Secret, NoCredential> {
        let key = credential.key(platform, application);
        if let Some(secret) = self.look(&key, credential, &unfit).await? {
            return Ok(secret);
        }
        // A ticket takes an access token: got before the turn, since that may take a turn of its own.
        let access_token = match credential {
            Credential::AccessToken => None,
            Credential::Ticket => Some(Box::pin(self.current(Credential::AccessToken, platform, application)).await?),
        };
        let _turn = self.flights.alone(&key).await;
        let mut waited = Duration::ZERO;
        loop {
            // Somebody may have been faster, here or on another node.
            if let Some(secret) = self.look(&key, credential, &unfit).await? {
                return Ok(secret);
            }
            let now = self.base.clock.now_ms();
            let until = now.saturating_add(LEASE_MS);
            if self.base.store.take_lease(&key, until, now).await.map_err(Error::from)? {
                let renewed = self.renew(&key, platform, application, access_token.as_ref(), &unfit).await;
                self.base.store.end_lease(&key, until).await.map_err(Error::from)?;
                return renewed;
            }
            if waited >= WAIT_AT_MOST {
                return Err(NoCredential::Waiting);
            }
            tokio::time::sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
        }
    }

    async fn look(&self, key: &str, credential: Credential, unfit: &Unfit<'_>) -> Result<Option<Secret>> {
        let found = self.data.read(key).await?;
        Ok(found.and_then(|found| unfit.accepts(&found, credential, self.base.clock.now_ms())))
    }

    async fn renew(
        &self,
        key: &str,
        platform: WeixinPlatform,
        application: &Application,
        access_token: Option<&Secret>,
        unfit: &Unfit<'_>,
    ) -> std::result::Result<Secret, NoCredential> {
        let (field, fresh) = match access_token {
            Some(token) => (Credential::Ticket.field(), self.weixin.ticket(token).await),
            None => (Credential::AccessToken.field(), self.fresh_access_token(application, unfit).await),
        };
        let outcome = if fresh.is_ok() { "ok" } else { "failed" };
        metrics::counter!("lingpai_credential_renewals_total", "provider" => platform.provider(), "credential" => field, "outcome" => outcome)
            .increment(1);
        let fresh = fresh.inspect_err(|error| {
            let provider = platform.provider();
            tracing::warn!(provider, appid = %application.appid, %error, hint = explain(error), "WeChat gives no {field}");
        })?;
        let value = Map::from_iter([(field.to_owned(), Value::from(fresh.token.expose()))]);
        self.data.write(key, &value, fresh.expires_in).await?;
        Ok(fresh.token)
    }

    async fn fresh_access_token(
        &self,
        application: &Application,
        unfit: &Unfit<'_>,
    ) -> std::result::Result<lingpai_providers::weixin::AccessToken, UpstreamError> {
        let fresh = self.weixin.access_token(application, false).await?;
        match unfit {
            // WeChat believes in a token that it refuses.
            Unfit::Is(stale) if fresh.token.expose() == *stale => self.weixin.access_token(application, true).await,
            _ => Ok(fresh),
        }
    }
}

/// What to do about a refusal of WeChat, in words that name the page of its console; empty if it is none
/// of the usual ones.
pub fn explain(error: &UpstreamError) -> &'static str {
    let UpstreamError::Refused { code, .. } = error else { return "" };
    match code.as_str() {
        "40164" | "61004" => {
            "本机出口 IP 不在白名单中:公众号与服务号在微信开发者平台「我的业务 - 公众号/服务号 - 基础信息 - API IP 白名单」,\
             小程序在公众平台「开发管理 - 开发设置 - 开发者 ID - IP 白名单」中加入该 IP。 \
             The address this server calls from is not allowed: add it to the API IP whitelist, at developers.weixin.qq.com/platform, Basic information, \
             for official accounts, or at mp.weixin.qq.com, Development settings, Developer ID, for mini programs."
        }
        "89503" => {
            "此 IP 的调用需要管理员确认:公众号管理员会收到微信模板消息,确认后 24 小时内(或加入 IP 白名单后)可用。 \
             Calls from this address wait for the administrator: they were sent a WeChat message to confirm; or add the address to the IP whitelist."
        }
        "89501" | "89506" | "89507" => {
            "此 IP 的调用被管理员拒绝,或仍待确认:请管理员在「IP 白名单」中加入该 IP。 \
             The administrator refused calls from this address, or has not confirmed yet: ask for it to be added to the IP whitelist."
        }
        "40013" => {
            "appid 不对:小程序见公众平台「开发管理 - 开发设置 - 开发者 ID」,公众号与服务号见微信开发者平台「我的业务 - 公众号/服务号 - 基础信息」。 \
             The appid is wrong: see mp.weixin.qq.com, Development settings, Developer ID, for mini programs, or \
             developers.weixin.qq.com/platform, Basic information, for official accounts."
        }
        "40125" | "41004" => {
            "appsecret 不对或已重置:小程序见公众平台「开发管理 - 开发设置 - 开发者 ID」,公众号与服务号见微信开发者平台「我的业务 - 公众号/服务号 - 基础信息 - 开发密钥」。 \
             The appsecret is wrong or was reset: see mp.weixin.qq.com, Development settings, Developer ID, for mini programs, or \
             developers.weixin.qq.com/platform, Basic information, Developer key, for official accounts."
        }
        "40243" => {
            "appsecret 被冻结:在显示它的页面解冻(小程序为公众平台「开发管理 - 开发设置」,公众号与服务号为微信开发者平台「基础信息 - 开发密钥」),十分钟后生效。 \
             The appsecret is frozen: unfreeze it where it is kept, at mp.weixin.qq.com, Development settings, for mini programs, or at \
             developers.weixin.qq.com/platform, Basic information, Developer key, for official accounts; it takes ten minutes."
        }
        "45009" | "45011" => "今日调用次数已用完,或过于频繁。 The day's quota is used up, or calls came too often.",
        "48001" => {
            "该接口未获授权:公众平台「设置与开发 - 接口权限」。 The interface is not granted: see mp.weixin.qq.com, Interface permissions."
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_that_operators_meet_are_explained() {
        let refused = |code: &str| UpstreamError::Refused { code: code.into(), words: "no".into() };
        for code in ["40013", "40125", "40164", "40243", "61004", "89503", "89506", "45009", "48001"] {
            let words = explain(&refused(code));
            assert!(!words.is_ascii() && words.chars().any(|c| c.is_ascii_lowercase()), "{code}");
        }
        assert_eq!(explain(&refused("1")), "");
        assert_eq!(explain(&UpstreamError::LeftAlone), "");
    }
}
