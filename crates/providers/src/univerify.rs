//! One-click sign-in: the number that a client's token of the mobile network stands for.
//!
//! DCloud's service can be asked from inside uniCloud only, so a cloud function with a URL stands
//! between ("Traditional servers", DCloud's univerify documentation): a signed GET, answered with what
//! `uniCloud.getPhoneNumber` returned.

use lingpai_domain::{random::to_hex, secret::Secret};
use serde_json::Value;

use crate::{
    http::{Http, HttpOptionsError, Request, Upstream, UpstreamError},
    signing::hmac_sha256,
};

/// The cloud function.
#[derive(Clone)]
pub struct Univerify(Upstream);

impl Univerify {
    /// The function by its whole address.
    ///
    /// # Errors
    /// If it is no web address.
    pub fn new(http: &Http, base_url: &str) -> Result<Self, HttpOptionsError> {
        Ok(Self(http.upstream("univerify", base_url)?))
    }

    /// Asks for the number. `key` signs the question and is known to the function; `appid` is the DCloud
    /// AppID that the service was ordered for.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn mobile(&self, appid: Option<&str>, key: &Secret, access_token: &str, openid: &str) -> Result<String, UpstreamError> {
        let mut query = vec![("access_token", access_token), ("openid", openid)];
        query.extend(appid.map(|appid| ("appid", appid)));
        let sign = signature(key, &query);
        query.push(("sign", &sign));
        read(&self.0.json(Request::get("", &query)).await?)
    }
}

/// Hex of HMAC-SHA256 over the pairs, sorted by name, joined as `name=value&…` without encoding.
pub fn signature(key: &Secret, pairs: &[(&str, &str)]) -> String {
    let mut pairs = pairs.to_vec();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    to_hex(&hmac_sha256(key.expose().as_bytes(), pairs.join("&").as_bytes()))
}

/// `{code: 0, phoneNumber}`, also inside of `data`, where some versions of the service have it.
fn read(answer: &Value) -> Result<String, UpstreamError> {
    let fields = answer.get("data").filter(|data| data.is_object()).unwrap_or(answer);
    let code = ["errCode", "code"].iter().find_map(|name| fields.get(*name));
    let is_zero = code.is_none_or(|code| matches!(code, Value::Null) || code == 0 || code == "0" || code == "");
    if !is_zero {
        let words = ["errMsg", "message"].iter().find_map(|name| fields.get(*name)?.as_str()).unwrap_or_default();
        return Err(UpstreamError::Refused { code: code.map(Value::to_string).unwrap_or_default(), words: words.to_owned() });
    }
    let number = fields.get("phoneNumber").and_then(Value::as_str).map(|number| number.strip_prefix("+86").unwrap_or(number));
    let is_mobile = |number: &&str| number.len() == 11 && number.starts_with('1') && number.bytes().all(|b| b.is_ascii_digit());
    number.filter(is_mobile).map(str::to_owned).ok_or(UpstreamError::Incomplete("phoneNumber"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        // printf 'access_token=xxx&openid=yyy' | openssl dgst -sha256 -hmac your-secret-string
        let sign = signature(&Secret::new("your-secret-string"), &[("openid", "yyy"), ("access_token", "xxx")]);
        assert_eq!(sign, "6bc2ffe460b0a0af42db14a1c951a80704af9370d6ade772c86b826adad05cc7");
    }

    #[test]
    fn only_numbers_come_out() {
        for (answer, number) in [
            (json!({"code": 0, "message": "", "phoneNumber": "13800000001"}), Some("13800000001")),
            (json!({"data": {"code": 0, "success": true, "phoneNumber": "13800000001"}, "statusCode": 200}), Some("13800000001")),
            (json!({"phoneNumber": "+8613800000001"}), Some("13800000001")),
            (json!({"code": 0, "phoneNumber": "1380000000"}), None),
            (json!({"code": 0, "phoneNumber": 13_800_000_001_i64}), None),
            (json!({"code": 1, "phoneNumber": "13800000001"}), None),
            (json!({"errCode": "UNIVERIFY_FAIL", "errMsg": "no"}), None),
            (json!([]), None),
        ] {
            assert_eq!(read(&answer).ok().as_deref(), number, "{answer}");
        }
    }
}
