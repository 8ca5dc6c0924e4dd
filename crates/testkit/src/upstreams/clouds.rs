//! Alibaba Cloud and Tencent Cloud, as strict as the real ones about signatures and parameters. The key is
//! [`KEY_ID`] and [`KEY`].

use lingpai_domain::random::to_hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    answers::Answer,
    cloud_faces,
    strict::{Asked, Faces},
};
use crate::replay::jwt::hmac_sha256;

/// The key's id.
pub const KEY_ID: &str = "key-id";
/// The key.
pub const KEY: &str = "key-secret";
/// The signature in front of short messages that is approved.
pub const SIGN_NAME: &str = "令牌";

/// What a cloud answers; `None`: it is none of theirs.
pub(super) fn answer(asked: &Asked<'_>, faces: &Faces) -> Option<Answer> {
    let (status, body) = match asked.place.trim_end_matches('/') {
        "dysmsapi.aliyuncs.com" => aliyun(asked, "2017-05-25", "SendSms", aliyun_sms),
        "dypnsapi.aliyuncs.com" => aliyun(asked, "2017-05-25", "GetMobile", |asked| match asked.param("AccessToken") {
            "" => refusal("MissingAccessToken"),
            token => match token.strip_prefix("token-") {
                Some(number) => (200, json!({"Code": "OK", "GetMobileResultDTO": {"Mobile": number}})),
                None => (200, json!({"Code": "isv.TOKEN_INVALID", "Message": "token is invalid"})),
            },
        }),
        "sms.tencentcloudapi.com" => {
            (200, json!({"Response": tencent(asked, "sms", "2021-01-11", "SendSms").unwrap_or_else(|| tencent_sms(asked))}))
        }
        "cloudauth.aliyuncs.com" => match asked.header("x-acs-action") {
            "InitFaceVerify" => aliyun(asked, "2019-03-07", "InitFaceVerify", |asked| cloud_faces::aliyun_begins(asked, faces)),
            _ => aliyun(asked, "2019-03-07", "DescribeFaceVerify", |asked| cloud_faces::aliyun_tells(asked, faces)),
        },
        "faceid.tencentcloudapi.com" => {
            let response = match asked.header("x-tc-action") {
                "GetFaceIdToken" => {
                    tencent(asked, "faceid", "2018-03-01", "GetFaceIdToken").unwrap_or_else(|| cloud_faces::tencent_begins(asked, faces))
                }
                _ => tencent(asked, "faceid", "2018-03-01", "GetFaceIdResult").unwrap_or_else(|| cloud_faces::tencent_tells(asked, faces)),
            };
            (200, json!({"Response": response}))
        }
        _ => return None,
    };
    Some(Answer { status, content_type: "application/json; charset=utf-8", body: body.to_string().into_bytes() })
}

fn refusal(code: &str) -> (u16, Value) {
    (400, json!({"Code": code, "Message": "refused", "RequestId": "r"}))
}

/// Checks a request of the signature V3 ("V3 request structure and signature", Alibaba Cloud's documentation).
fn aliyun(asked: &Asked<'_>, version: &str, action: &str, answer: impl Fn(&Asked<'_>) -> (u16, Value)) -> (u16, Value) {
    const SIGNED: &str = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    if asked.header("x-acs-version") != version || asked.header("x-acs-action") != action {
        return refusal("InvalidAction.NotFound");
    }
    let date = asked.header("x-acs-date");
    if date.len() != 20 || !date.ends_with('Z') || asked.header("x-acs-signature-nonce").len() < 16 {
        return refusal("IncompleteSignature");
    }
    let authorization = asked.header("authorization");
    if !authorization.starts_with(&format!("ACS3-HMAC-SHA256 Credential={KEY_ID},SignedHeaders={SIGNED},Signature=")) {
        return refusal("InvalidAccessKeyId.NotFound");
    }
    let headers: String = SIGNED.split(';').map(|name| format!("{name}:{}\n", asked.header(name))).collect();
    let canonical = format!("POST\n/\n{}\n{headers}\n{SIGNED}\n{}", asked.query, sha256(asked.body));
    let expected = hmac_sha256(KEY.as_bytes(), format!("ACS3-HMAC-SHA256\n{}", sha256(canonical.as_bytes())).as_bytes());
    match authorization.ends_with(&format!("Signature={}", to_hex(&expected))) {
        true => answer(asked),
        false => refusal("SignatureDoesNotMatch"),
    }
}

/// `SendSms`: errors come with HTTP 200.
fn aliyun_sms(asked: &Asked<'_>) -> (u16, Value) {
    let is_json = serde_json::from_str::<Value>(asked.param("TemplateParam")).is_ok_and(|params| params.is_object());
    let code = match () {
        () if !is_mobile(asked.param("PhoneNumbers")) => "isv.MOBILE_NUMBER_ILLEGAL",
        () if asked.param("SignName") != SIGN_NAME => "isv.SMS_SIGNATURE_ILLEGAL",
        () if !asked.param("TemplateCode").starts_with("SMS_") => "isv.SMS_TEMPLATE_ILLEGAL",
        () if !is_json => "isv.TEMPLATE_MISSING_PARAMETERS",
        () => "OK",
    };
    (200, json!({"Code": code, "Message": code, "RequestId": "r"}))
}

fn is_mobile(number: &str) -> bool {
    number.len() == 11 && number.bytes().all(|byte| byte.is_ascii_digit()) && number.starts_with('1') && number.as_bytes()[1] >= b'3'
}

/// What is wrong with a request ("Signature v3", Tencent Cloud's documentation); `None`: nothing.
fn tencent(asked: &Asked<'_>, service: &str, version: &str, action: &str) -> Option<Value> {
    const SIGNED: &str = "content-type;host;x-tc-action";
    let refused = |code: &str| Some(json!({"Error": {"Code": code, "Message": "refused"}, "RequestId": "r"}));
    if asked.header("x-tc-action") != action || asked.header("x-tc-version") != version {
        return refused("InvalidAction");
    }
    let authorization = asked.header("authorization");
    let scope = authorization.strip_prefix(&format!("TC3-HMAC-SHA256 Credential={KEY_ID}/"));
    let Some((day, rest)) = scope.and_then(|scope| scope.split_once('/')) else { return refused("AuthFailure.SecretIdNotFound") };
    let Some(signature) = rest.strip_prefix(&format!("{service}/tc3_request, SignedHeaders={SIGNED}, Signature=")) else {
        return refused("AuthFailure.InvalidAuthorization");
    };
    let headers =
        format!("content-type:{}\nhost:{}\nx-tc-action:{}\n", asked.header("content-type"), asked.header("host"), action.to_lowercase());
    let canonical = format!("POST\n/\n\n{headers}\n{SIGNED}\n{}", sha256(asked.body));
    let to_sign =
        format!("TC3-HMAC-SHA256\n{}\n{day}/{service}/tc3_request\n{}", asked.header("x-tc-timestamp"), sha256(canonical.as_bytes()));
    let key = [day, service, "tc3_request"]
        .iter()
        .fold(format!("TC3{KEY}").into_bytes(), |key, part| hmac_sha256(&key, part.as_bytes()).to_vec());
    (to_hex(&hmac_sha256(&key, to_sign.as_bytes())) != signature)
        .then(|| json!({"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "refused"}, "RequestId": "r"}))
}

fn tencent_sms(asked: &Asked<'_>) -> Value {
    let number = asked.params.get("PhoneNumberSet").and_then(|set| set.get(0)).and_then(Value::as_str).unwrap_or_default();
    let code = match () {
        () if !number.strip_prefix("+86").is_some_and(is_mobile) => "InvalidParameterValue.IncorrectPhoneNumber",
        () if !asked.param("SmsSdkAppId").starts_with("1400") => "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
        () if asked.param("SignName") != SIGN_NAME => "FailedOperation.SignatureIncorrectOrUnapproved",
        () if asked.param("TemplateId").parse::<u64>().is_err() => "FailedOperation.TemplateIncorrectOrUnapproved",
        () => "Ok",
    };
    json!({"SendStatusSet": [{"Code": code, "Message": code, "PhoneNumber": number}], "RequestId": "r"})
}

fn sha256(bytes: &[u8]) -> String {
    to_hex(&Sha256::digest(bytes))
}
