//! One-click sign-in: the number that a client's token of the mobile network stands for.
//!
//! DCloud's own service can be asked from inside uniCloud only, so a cloud function with a URL stands
//! between ("Traditional servers", DCloud's univerify documentation): a signed GET, answered with what
//! `uniCloud.getPhoneNumber` returned.

use lingpai_domain::{random::to_hex, secret::Secret};
use serde_json::Value;

use crate::{
    aliyun::AliyunApi,
    http::{Http, HttpOptionsError, Request, Upstream, UpstreamError},
    signing::hmac_sha256,
};

/// The service.
pub enum Univerify {
    /// The cloud function, by its whole address.
    Function(Upstream),
    /// Alibaba Cloud's number verification (Dypnsapi of 2017-05-25).
    Aliyun {
        /// The API.
        api: AliyunApi,
        /// The key's id.
        key_id: String,
        /// The key.
        key: Secret,
    },
}

/// Where Alibaba Cloud's number verification is unless the settings say otherwise.
pub const ALIYUN_BASE_URL: &str = "https://dypnsapi.aliyuncs.com";

/// The version of Alibaba Cloud's number verification.
pub const ALIYUN_VERSION: &str = "2017-05-25";

impl Univerify {
    /// A cloud function by its whole address.
    ///
    /// # Errors
    /// If it is no web address.
    pub fn function(http: &Http, base_url: &str) -> Result<Self, HttpOptionsError> {
        Ok(Self::Function(http.upstream("univerify", base_url)?))
    }

    /// Whether questions are signed with a key of the application's.
    pub fn takes_application_key(&self) -> bool {
        matches!(self, Self::Function(_))
    }

    /// Asks for the number. `application_key` signs the question to a cloud function, which knows it too;
    /// `appid` is the DCloud AppID that the service was ordered for. Alibaba Cloud takes the token alone.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn mobile(
        &self,
        appid: Option<&str>,
        application_key: &Secret,
        access_token: &str,
        openid: &str,
    ) -> Result<String, UpstreamError> {
        match self {
            Self::Function(upstream) => {
                let mut query = vec![("access_token", access_token), ("openid", openid)];
                query.extend(appid.map(|appid| ("appid", appid)));
                let sign = signature(application_key, &query);
                query.push(("sign", &sign));
                read(&upstream.json(Request::get("", &query)).await?)
            }
            Self::Aliyun { api, key_id, key } => {
                let answer = api.call("GetMobile", &[("AccessToken", access_token)], key_id, key).await?;
                read_aliyun(&answer.json()?)
            }
        }
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
    number(fields.get("phoneNumber"))
}

/// `{Code: "OK", GetMobileResultDTO: {Mobile}}`
fn read_aliyun(answer: &Value) -> Result<String, UpstreamError> {
    match answer.get("Code").and_then(Value::as_str) {
        Some("OK") => number(answer.pointer("/GetMobileResultDTO/Mobile")),
        Some(code) => {
            let words = answer.get("Message").and_then(Value::as_str).unwrap_or_default();
            Err(UpstreamError::Refused { code: code.to_owned(), words: words.to_owned() })
        }
        None => Err(UpstreamError::Incomplete("Code")),
    }
}

fn number(value: Option<&Value>) -> Result<String, UpstreamError> {
    let number = value.and_then(Value::as_str).map(|number| number.strip_prefix("+86").unwrap_or(number));
    let is_mobile = |number: &&str| number.len() == 11 && number.starts_with('1') && number.bytes().all(|b| b.is_ascii_digit());
    number.filter(is_mobile).map(str::to_owned).ok_or(UpstreamError::Incomplete("the number"))
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

    #[test]
    fn alibaba_clouds_answers_are_read() {
        for (answer, number) in [
            (json!({"Code": "OK", "GetMobileResultDTO": {"Mobile": "13900001234"}}), Some("13900001234")),
            (json!({"Code": "OK", "GetMobileResultDTO": {"Mobile": "139****1234"}}), None),
            (json!({"Code": "OK"}), None),
            (json!({"Code": "isv.INVALID", "GetMobileResultDTO": {"Mobile": "13900001234"}}), None),
            (json!({}), None),
        ] {
            assert_eq!(read_aliyun(&answer).ok().as_deref(), number, "{answer}");
        }
    }
}
