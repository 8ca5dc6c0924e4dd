//! QQ: mini programs (`jscode2session`) and apps (QQ Connect).

use lingpai_domain::secret::{Secret, equal};
use serde_json::Value;

use crate::http::{Http, HttpOptionsError, Request, Upstream, UpstreamError};

/// QQ's two services.
#[derive(Clone)]
pub struct Qq {
    mini_programs: Upstream,
    connect: Upstream,
}

/// Who a mini program's code stands for.
#[derive(Clone)]
pub struct QqSession {
    /// `openid`
    pub openid: String,
    /// `unionid`, if the developer has one.
    pub unionid: Option<String>,
    /// `session_key`
    pub session_key: Secret,
}

/// Who an app's access token stands for.
#[derive(Clone, Debug)]
pub struct QqAccount {
    /// `openid`
    pub openid: String,
    /// `unionid`, if the developer has one.
    pub unionid: Option<String>,
}

impl Qq {
    /// QQ's API for mini programs and QQ Connect's, by their base addresses.
    ///
    /// # Errors
    /// If one of them is no web address.
    pub fn new(http: &Http, base_url: &str, graph_url: &str) -> Result<Self, HttpOptionsError> {
        Ok(Self { mini_programs: http.upstream("qq", base_url)?, connect: http.upstream("qq-connect", graph_url)? })
    }

    /// Exchanges a mini program's code, which is used up by it. Without a code QQ is asked all the same,
    /// as the original does, and refuses.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn session(&self, appid: &str, secret: &Secret, code: Option<&str>) -> Result<QqSession, UpstreamError> {
        let mut query = vec![("grant_type", "authorization_code"), ("appid", appid), ("secret", secret.expose())];
        query.extend(code.map(|code| ("js_code", code)));
        let answer = self.mini_programs.json(Request::get("/sns/jscode2session", &query)).await?;
        refuse(&answer, "errcode", "errmsg")?;
        let session_key = text(&answer, "session_key").ok_or(UpstreamError::Incomplete("session_key"))?;
        Ok(QqSession { openid: openid(&answer)?, unionid: text(&answer, "unionid"), session_key: Secret::new(session_key) })
    }

    /// Asks whom an access token belongs to, and refuses tokens that another app got.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn account(&self, appid: &str, access_token: &str) -> Result<QqAccount, UpstreamError> {
        let query = [("unionid", "1"), ("fmt", "json"), ("access_token", access_token)];
        let answer = self.connect.json(Request::get("/oauth2.0/me", &query)).await?;
        refuse(&answer, "error", "error_description")?;
        let client = text(&answer, "client_id").unwrap_or_default();
        if !equal(client.as_bytes(), appid.as_bytes()) {
            let words = "the access token belongs to another app than oauth.qq.appid says".to_owned();
            return Err(UpstreamError::Refused { code: "client_id".to_owned(), words });
        }
        Ok(QqAccount { openid: openid(&answer)?, unionid: text(&answer, "unionid") })
    }

    /// Asks for the nickname.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn nickname(&self, appid: &str, openid: &str, access_token: &str) -> Result<Option<String>, UpstreamError> {
        let query = [("openid", openid), ("oauth_consumer_key", appid), ("access_token", access_token)];
        let answer = self.connect.json(Request::get("/user/get_user_info", &query)).await?;
        refuse(&answer, "ret", "msg")?;
        Ok(text(&answer, "nickname"))
    }
}

fn text(answer: &Value, name: &str) -> Option<String> {
    answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn openid(answer: &Value) -> Result<String, UpstreamError> {
    text(answer, "openid").ok_or(UpstreamError::Incomplete("openid"))
}

/// QQ answers its refusals with HTTP 200.
fn refuse(answer: &Value, code: &str, words: &str) -> Result<(), UpstreamError> {
    match answer.get(code) {
        None | Some(Value::Null) => Ok(()),
        Some(code) if code.as_i64() == Some(0) => Ok(()),
        Some(code) => Err(UpstreamError::Refused { code: code.to_string(), words: text(answer, words).unwrap_or_default() }),
    }
}
