//! What WeChat answers.

use lingpai_domain::secret::Secret;
use serde_json::Value;

use crate::{excerpt::excerpt, http::UpstreamError};

type Result<T> = std::result::Result<T, UpstreamError>;

/// Whom a mini program's code stands for.
#[derive(Clone, Debug)]
pub struct MiniProgramSession {
    /// `openid`
    pub openid: String,
    /// `unionid`; only if the mini program is bound to an account of the open platform.
    pub unionid: Option<String>,
    /// `session_key`
    pub session_key: Secret,
}

/// Whom the code of an app, a website or an official account's page stands for.
#[derive(Clone, Debug)]
pub struct UserToken {
    /// `openid`
    pub openid: String,
    /// `unionid`; only if the application is bound to an account of the open platform.
    pub unionid: Option<String>,
    /// `access_token`, of this user.
    pub access_token: Secret,
    /// `refresh_token`
    pub refresh_token: Secret,
    /// `expires_in`, seconds.
    pub expires_in: i64,
}

/// A user's name and picture.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `nickname`, not empty.
    pub nickname: Option<String>,
    /// `headimgurl`, not empty.
    pub avatar: Option<String>,
}

/// An application's access token, or the ticket of an official account.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// `expires_in`, seconds.
    pub expires_in: i64,
}

/// A key that a user's mini program and the server share.
#[derive(Clone, Debug)]
pub struct EncryptKey {
    /// `encrypt_key`, base64 of 16 bytes.
    pub key: Secret,
    /// `iv`, 16 characters.
    pub iv: String,
    /// `version`
    pub version: i64,
    /// `expire_in`, seconds.
    pub expires_in: i64,
}

/// Two hours: what WeChat's tokens live if it does not say.
const USUAL_LIFE_S: i64 = 7200;

impl MiniProgramSession {
    pub(super) fn read(answer: &Value) -> Result<Self> {
        Ok(Self {
            openid: text(answer, "openid")?,
            unionid: optional(answer, "unionid"),
            session_key: Secret::new(text(answer, "session_key")?),
        })
    }
}

impl UserToken {
    pub(super) fn read(answer: &Value) -> Result<Self> {
        Ok(Self {
            openid: text(answer, "openid")?,
            unionid: optional(answer, "unionid"),
            access_token: Secret::new(text(answer, "access_token")?),
            refresh_token: Secret::new(optional(answer, "refresh_token").unwrap_or_default()),
            expires_in: seconds(answer, "expires_in"),
        })
    }
}

impl Profile {
    pub(super) fn read(answer: &Value) -> Self {
        Self { nickname: optional(answer, "nickname"), avatar: optional(answer, "headimgurl") }
    }
}

impl AccessToken {
    pub(super) fn read(answer: &Value, field: &'static str) -> Result<Self> {
        Ok(Self { token: Secret::new(text(answer, field)?), expires_in: seconds(answer, "expires_in") })
    }
}

impl EncryptKey {
    pub(super) fn read_list(answer: &Value) -> Vec<Self> {
        let read = |entry: &Value| {
            Some(Self {
                key: Secret::new(optional(entry, "encrypt_key")?),
                iv: optional(entry, "iv")?,
                version: entry.get("version")?.as_i64()?,
                expires_in: entry.get("expire_in")?.as_i64()?,
            })
        };
        answer.get("key_info_list").and_then(Value::as_array).into_iter().flatten().filter_map(read).collect()
    }
}

/// The answer unless it is a refusal: HTTP 200 with an `errcode` other than 0.
pub fn checked(answer: Value) -> Result<Value> {
    match answer.get("errcode").and_then(Value::as_i64) {
        None | Some(0) => Ok(answer),
        Some(code) => {
            let words = answer.get("errmsg").and_then(Value::as_str).unwrap_or_default();
            Err(UpstreamError::Refused { code: code.to_string(), words: excerpt(words, &[]) })
        }
    }
}

/// A text that must be there.
pub fn text(answer: &Value, field: &'static str) -> Result<String> {
    optional(answer, field).ok_or(UpstreamError::Incomplete(field))
}

fn optional(answer: &Value, field: &str) -> Option<String> {
    answer.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn seconds(answer: &Value, field: &str) -> i64 {
    answer.get(field).and_then(Value::as_i64).unwrap_or(USUAL_LIFE_S)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_come_with_http_200() {
        let refusal = checked(json!({"errcode": 40029, "errmsg": "invalid code, rid: 1-2-3"})).unwrap_err();
        assert!(refusal.is_refusal(&["40029"]) && !refusal.is_refusal(&["40001"]));
        assert!(checked(json!({"errcode": 0, "errmsg": "ok"})).is_ok());
        assert!(checked(json!({"openid": "o"})).is_ok());
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = MiniProgramSession::read(&json!({"openid": "o", "session_key": ""})).unwrap_err();
        assert_eq!(error, UpstreamError::Incomplete("session_key"));
        assert_eq!(UserToken::read(&json!({"access_token": "a"})).unwrap_err(), UpstreamError::Incomplete("openid"));
    }

    #[test]
    fn nothing_secret_is_in_debug_output() {
        let session = MiniProgramSession::read(&json!({"openid": "o", "session_key": "hunter2"})).unwrap();
        assert!(!format!("{session:?}").contains("hunter2"));
    }
}
