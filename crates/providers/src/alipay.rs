//! Alipay: who a mini program's authorisation code stands for (`alipay.system.oauth.token`).

use std::sync::Arc;

use lingpai_domain::clock::Clock;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    http::{Http, HttpOptionsError, Request, Upstream, UpstreamError},
    rsa_key::{RsaKey, RsaPublicKey},
    signing::date::china,
};

/// Alipay's open platform.
#[derive(Clone)]
pub struct Alipay {
    gateway: Upstream,
    clock: Arc<dyn Clock>,
}

impl Alipay {
    /// The gateway by its whole address (`…/gateway.do`).
    ///
    /// # Errors
    /// If it is no web address.
    pub fn new(http: &Http, gateway_url: &str, clock: Arc<dyn Clock>) -> Result<Self, HttpOptionsError> {
        Ok(Self { gateway: http.upstream("alipay", gateway_url)?, clock })
    }

    /// Exchanges a code, which is used up by it. Answers the user's `user_id`, or the `open_id` that
    /// newer applications get in its place.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn account(&self, application: &AlipayApplication, code: &str) -> Result<String, UpstreamError> {
        let AlipayApplication { appid, key, alipay } = application;
        let timestamp = china(self.clock.now_s());
        let mut params = vec![
            ("app_id", appid.as_str()),
            ("charset", "utf-8"),
            ("code", code),
            ("format", "JSON"),
            ("grant_type", "authorization_code"),
            ("method", "alipay.system.oauth.token"),
            ("sign_type", "RSA2"),
            ("timestamp", timestamp.as_str()),
            ("version", "1.0"),
        ];
        let sign = key.sign(signed_text(&params).as_bytes()).map_err(|error| UpstreamError::Unreachable(error.to_string()))?;
        params.push(("sign", &sign));
        let (answer, bytes) = self.gateway.json_and_bytes(Request::post_form("", &[], &params)).await?;
        let account = read(&answer)?;
        match alipay {
            Some(alipay) if !is_signed(&bytes, alipay) => Err(UpstreamError::Refused {
                code: NOT_ALIPAYS.to_owned(),
                words: "the answer has no signature of the key that oauth.alipay.alipayPublicKey names".to_owned(),
            }),
            _ => Ok(account),
        }
    }
}

/// The refusal's code, ours, if Alipay's public key does not fit the answer.
pub const NOT_ALIPAYS: &str = "sign";

/// An application at Alipay.
#[derive(Debug)]
pub struct AlipayApplication {
    /// Its AppID.
    pub appid: String,
    /// Signs requests.
    pub key: RsaKey,
    /// Alipay's own key: answers must be signed by it. `None`: they are believed for where they come from.
    pub alipay: Option<RsaPublicKey>,
}

/// An answer as it came: what is signed is the node's text, byte for byte ("Verifying the signature of a
/// synchronous answer", Alipay's documentation).
#[derive(Deserialize)]
struct SignedAnswer<'a> {
    #[serde(borrow)]
    alipay_system_oauth_token_response: &'a RawValue,
    sign: String,
}

fn is_signed(bytes: &[u8], alipay: &RsaPublicKey) -> bool {
    let Ok(answer) = serde_json::from_slice::<SignedAnswer<'_>>(bytes) else { return false };
    let text = answer.alipay_system_oauth_token_response.get();
    // Some of its systems sign before they escape slashes, as its own SDKs know.
    alipay.signed(text.as_bytes(), &answer.sign)
        || (text.contains("\\/") && alipay.signed(text.replace("\\/", "/").as_bytes(), &answer.sign))
}

/// What is signed: the parameters that have a value, sorted by name, neither quoted nor encoded
/// ("Self-made signing", Alipay's documentation).
fn signed_text(params: &[(&str, &str)]) -> String {
    let mut params: Vec<_> = params.iter().filter(|(name, value)| *name != "sign" && !value.is_empty()).collect();
    params.sort();
    let pairs: Vec<String> = params.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn read(answer: &Value) -> Result<String, UpstreamError> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let refused = |error: &Value| UpstreamError::Refused {
        code: text(error, "sub_code").or_else(|| text(error, "code")).unwrap_or_default(),
        words: text(error, "sub_msg").or_else(|| text(error, "msg")).unwrap_or_default(),
    };
    if let Some(error) = answer.get("error_response") {
        return Err(refused(error));
    }
    let token = answer.get("alipay_system_oauth_token_response").ok_or(UpstreamError::Incomplete("alipay_system_oauth_token_response"))?;
    // Errors of the method itself may also stand here, with a code and without a user.
    let id = text(token, "user_id").or_else(|| text(token, "open_id"));
    id.ok_or_else(|| if token.get("sub_code").is_some() { refused(token) } else { UpstreamError::Incomplete("user_id and open_id") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_signed_is_sorted_and_has_no_empty_values() {
        assert_eq!(signed_text(&[("b", "2 3"), ("sign", "x"), ("a", "1"), ("c", "")]), "a=1&b=2 3");
    }

    #[test]
    fn both_kinds_of_ids_are_understood() {
        let token = |fields: Value| json!({"alipay_system_oauth_token_response": fields});
        assert_eq!(read(&token(json!({"user_id": "2088", "open_id": "o"}))), Ok("2088".to_owned()));
        assert_eq!(read(&token(json!({"user_id": "", "open_id": "o"}))), Ok("o".to_owned()));
        assert_eq!(read(&token(json!({}))), Err(UpstreamError::Incomplete("user_id and open_id")));
        let error = json!({"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.code-invalid", "sub_msg": "no"});
        let refused = Err(UpstreamError::Refused { code: "isv.code-invalid".into(), words: "no".into() });
        assert_eq!(read(&json!({"error_response": error})), refused);
        assert_eq!(read(&token(error)), refused);
        assert!(read(&json!([])).is_err());
    }
}
