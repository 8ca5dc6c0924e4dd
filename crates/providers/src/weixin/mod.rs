//! WeChat's server interface (developers.weixin.qq.com): mini programs, official accounts, websites
//! and apps. Codes are spent by the first request; none is ever repeated.

mod answers;
mod phone_number;

use lingpai_domain::{random::to_hex, secret::Secret};
use serde_json::{Value, json};

pub use answers::{AccessToken, EncryptKey, MiniProgramSession, Profile, UserToken};
pub use phone_number::{EncryptedDataError, decrypt_phone_number};

use crate::http::{Request, Upstream, UpstreamError};
use answers::{checked, text};

/// What the console at WeChat shows for an application.
#[derive(Clone, Debug)]
pub struct Application {
    /// `appid`
    pub appid: String,
    /// `appsecret`
    pub secret: Secret,
}

/// WeChat's codes for an access token that is not, or no longer, good (40001 invalid credential,
/// 40014 invalid access_token, 42001 expired): get another.
pub const STALE_TOKEN: &[&str] = &["40001", "40014", "42001"];

/// WeChat.
#[derive(Clone)]
pub struct Weixin {
    upstream: Upstream,
}

type Result<T> = std::result::Result<T, UpstreamError>;

impl Weixin {
    /// WeChat behind this upstream.
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }

    /// `jscode2session`: whom a mini program's `wx.login` code stands for.
    ///
    /// # Errors
    /// [`UpstreamError`]; `Refused` 40029 for a code that is wrong or was used.
    pub async fn mini_program_session(&self, application: &Application, code: &str) -> Result<MiniProgramSession> {
        let query = [
            ("grant_type", "authorization_code"),
            ("appid", application.appid.as_str()),
            ("secret", application.secret.expose()),
            ("js_code", code),
        ];
        let answer = self.ask(Request::get("/sns/jscode2session", &query)).await?;
        MiniProgramSession::read(&answer)
    }

    /// `sns/oauth2/access_token`: whom the code of an app, a website or an official account's page
    /// stands for.
    ///
    /// # Errors
    /// [`UpstreamError`]; `Refused` 40029 for a code that is wrong or was used.
    pub async fn user_token(&self, application: &Application, code: &str) -> Result<UserToken> {
        let query = [
            ("grant_type", "authorization_code"),
            ("appid", application.appid.as_str()),
            ("secret", application.secret.expose()),
            ("code", code),
        ];
        let answer = self.ask(Request::get("/sns/oauth2/access_token", &query)).await?;
        UserToken::read(&answer)
    }

    /// `sns/userinfo`: name and picture, where the user allowed that (scope snsapi_userinfo or
    /// snsapi_login).
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn profile(&self, application: &Application, token: &Secret, openid: &str) -> Result<Profile> {
        // WeChat looks at the first two; the others are what existing projects send.
        let query = [
            ("access_token", token.expose()),
            ("openid", openid),
            ("appid", application.appid.as_str()),
            ("secret", application.secret.expose()),
            ("scope", "snsapi_userinfo"),
        ];
        let answer = self.ask(Request::get("/sns/userinfo", &query)).await?;
        Ok(Profile::read(&answer))
    }

    /// `cgi-bin/stable_token`: the application's own token. Asking again brings the same one until it
    /// nears its end, so that several askers do not void each other's; `anew` makes another at once
    /// (twenty times a day at most).
    ///
    /// # Errors
    /// [`UpstreamError`]; `Refused` 40164 or 89503 where the console does not allow this address.
    pub async fn access_token(&self, application: &Application, anew: bool) -> Result<AccessToken> {
        let mut body = json!({"grant_type": "client_credential", "appid": application.appid, "secret": application.secret.expose()});
        if anew {
            body["force_refresh"] = true.into();
        }
        let answer = self.ask(Request::post_json("/cgi-bin/stable_token", &[], &body)).await?;
        AccessToken::read(&answer, "access_token")
    }

    /// `cgi-bin/ticket/getticket`: what pages of an official account sign their use of the JS-SDK with.
    ///
    /// # Errors
    /// [`UpstreamError`]; `Refused` with one of [`STALE_TOKEN`].
    pub async fn ticket(&self, token: &Secret) -> Result<AccessToken> {
        let query = [("access_token", token.expose()), ("type", "jsapi")];
        let answer = self.ask(Request::get("/cgi-bin/ticket/getticket", &query)).await?;
        AccessToken::read(&answer, "ticket")
    }

    /// `getuserphonenumber`: the number behind the code of a `getPhoneNumber` button, without the
    /// country's prefix.
    ///
    /// # Errors
    /// [`UpstreamError`]; `Refused` 40029 for a code that is wrong or was used, or one of [`STALE_TOKEN`]
    /// (the code is not spent then).
    pub async fn phone_number(&self, token: &Secret, code: &str) -> Result<String> {
        let (query, body) = ([("access_token", token.expose())], json!({"code": code}));
        let answer = self.ask(Request::post_json("/wxa/business/getuserphonenumber", &query, &body)).await?;
        text(answer.get("phone_info").unwrap_or(&Value::Null), "purePhoneNumber")
    }

    /// `getuserencryptkey`: the latest keys that a user's mini program and the server share, newest first.
    ///
    /// # Errors
    /// [`UpstreamError`]; `Refused` 87009 for a session key that is not the present one, or one of
    /// [`STALE_TOKEN`].
    pub async fn encrypt_keys(&self, token: &Secret, openid: &str, session_key: &Secret) -> Result<Vec<EncryptKey>> {
        let signature = session_signature(session_key);
        let query =
            [("access_token", token.expose()), ("openid", openid), ("signature", signature.as_str()), ("sig_method", "hmac_sha256")];
        let answer = self.ask(Request::post_json("/wxa/business/getuserencryptkey", &query, &json!({}))).await?;
        Ok(EncryptKey::read_list(&answer))
    }

    async fn ask(&self, request: Request<'_>) -> Result<Value> {
        checked(self.upstream.json(request).await?)
    }
}

/// Proves that one knows a user's session key: lower-case hex of HMAC-SHA256 with the key's text over
/// nothing.
pub fn session_signature(session_key: &Secret) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    // HMAC takes keys of any length (RFC 2104, section 2).
    let Ok(mac) = Hmac::<sha2::Sha256>::new_from_slice(session_key.expose().as_bytes()) else { return String::new() };
    to_hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_signature_is_that_of_the_documentation() {
        // printf '' | openssl dgst -sha256 -hmac 'o0q0otL8aEzpcZL/FT9WsQ=='
        assert_eq!(
            session_signature(&Secret::new("o0q0otL8aEzpcZL/FT9WsQ==")),
            "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"
        );
    }
}
