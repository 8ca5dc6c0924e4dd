//! Stand-ins that check what they are sent as strictly as the real services do: QQ's and Alipay's
//! parameters, Alipay's signature, the signatures of one-click sign-in and of face verification.

use std::collections::BTreeMap;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::answers::Answer;
use crate::replay::jwt::hmac_sha256;

/// What requests to [`FACE_HOST`] are signed with.
pub const FACE_SECRET: &str = "the face verification secret of tests";

/// The gateway of face verifications.
pub const FACE_HOST: &str = "frv.example";

/// A gateway for short messages, as operators have one.
pub const SMS_WEBHOOK: &str = "sms.example/send";

/// A service for short messages that takes forms.
pub const SMS_FORM: &str = "forms.example/Messages.json";

/// The password for [`SMS_FORM`]; the user is `AC1`.
pub const SMS_FORM_PASSWORD: &str = "form-password";

/// `service.sms.smsSecret` of the test kit's configuration.
const SMS_SECRET: &str = "test-secret";

/// The cloud function of one-click sign-in.
pub const UNIVERIFY_HOST: &str = "univerify.example";

/// `service.univerify.apiSecret` of the recordings.
const UNIVERIFY_SECRET: &str = "s";

/// Of `mp-alipay.oauth.alipay.privateKey` of the recordings (PKCS#1).
pub const ALIPAY_PUBLIC_KEY: &str = "MIIBCgKCAQEAu28z1/kxoYwuFtXpXhTpR/+NL2weXclPAAdJtP8dosaA0KbQhyuHkpXuWC9wqs26sXvKKRJIk6FN4enPqGr9xucH93CGOqOlq8HQh+kgxbuE4yHdV8o+OGAvNUzU/kmbrx+BfXAm2AfFZoQ9bB+O/1ZGHV/W25EIVNPzw6lMxwzdTv555nblUk2Xdj8seG1n01Y4RMtBx6KEpDoYsY5UhEhrR1htp01i+M/gHpYV9UKzSTemzucvCvZDogNSM2vl47mVmHy3NEt3sDz867qPAPJ73q7ACamhzFrRWe6BKUw+gL+ExGKnhs4kQqr2evNKzY7NZbmfyBcqTXB6NJv6CwIDAQAB";

/// A photograph as face verifications answer it: the beginning of a JPEG.
pub const PHOTO: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4];

/// Face verifications that were begun, and how they went.
#[derive(Default)]
pub struct Faces {
    begun: Mutex<u32>,
    states: Mutex<BTreeMap<String, String>>,
}

impl Faces {
    /// Begins a verification; nobody has tried yet.
    pub(super) fn begin(&self) -> String {
        let mut begun = self.begun.lock();
        *begun += 1;
        let certify_id = format!("cert-{begun}");
        self.set(&certify_id, "PROCESSING");
        certify_id
    }

    /// Says how a verification went (`SUCCESS`, `FAIL`, `PROCESSING` ...).
    pub fn set(&self, certify_id: &str, state: &str) {
        self.states.lock().insert(certify_id.to_owned(), state.to_owned());
    }

    /// How a verification went, if that was said.
    pub fn state(&self, certify_id: &str) -> Option<String> {
        self.states.lock().get(certify_id).cloned()
    }
}

/// A request.
pub struct Asked<'a> {
    /// Host and path.
    pub place: &'a str,
    /// The pairs of query and body.
    pub params: &'a Map<String, Value>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body as it came.
    pub body: &'a [u8],
    /// The query as it came.
    pub query: &'a str,
}

impl Asked<'_> {
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn has(&self, pairs: &[(&str, &str)]) -> bool {
        pairs.iter().all(|(name, value)| self.param(name) == *value)
    }
}

/// What a strict stand-in answers; `None`: whatever [`super::answers`] says.
pub fn answer(asked: &Asked<'_>, faces: &Faces) -> Option<Answer> {
    let body = match asked.place {
        "api.q.qq.com/sns/jscode2session" => {
            let knows = asked.has(&[("grant_type", "authorization_code"), ("appid", "qq-mp-appid"), ("secret", "s")]);
            (!knows).then(|| json!({"errcode": -101_222_100, "errmsg": "invalid appid or secret", "error": -101_222_100}))
        }
        "graph.qq.com/oauth2.0/me" => {
            (!asked.has(&[("fmt", "json"), ("unionid", "1")])).then(|| json!({"error": 100_001, "error_description": "param error"}))
        }
        "graph.qq.com/user/get_user_info" => {
            let token = asked.param("access_token").strip_prefix("qat-").unwrap_or_default();
            let fits = asked.param("oauth_consumer_key") == "qq-app-appid" && asked.param("openid") == format!("q_app_{token}");
            (!fits).then(|| json!({"ret": 100_013, "msg": "openid and access token do not fit"}))
        }
        "openapi.alipay.com/gateway.do" => refused_by_alipay(asked).map(|(code, words)| {
            json!({"error_response": {"code": "40002", "msg": "Invalid Arguments", "sub_code": code, "sub_msg": words}, "sign": "x"})
        }),
        SMS_WEBHOOK => Some(sms_webhook(asked)),
        SMS_FORM => return Some(sms_form(asked)),
        UNIVERIFY_HOST => Some(univerify(asked)),
        "frv.example/getCertifyId" | "frv.example/getAuthResult" => Some(face(asked, faces)),
        _ => None,
    }?;
    Some(Answer { status: 200, content_type: "application/json; charset=utf-8", body: body.to_string().into_bytes() })
}

/// Alipay's checks of a request ("Signature", Alipay's documentation of the open platform).
fn refused_by_alipay(asked: &Asked<'_>) -> Option<(&'static str, &'static str)> {
    let fixed = [
        ("app_id", "ali-appid"),
        ("method", "alipay.system.oauth.token"),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("version", "1.0"),
        ("grant_type", "authorization_code"),
    ];
    if !asked.has(&fixed) {
        return Some(("isv.invalid-parameter", "参数有误"));
    }
    let timestamp = asked.param("timestamp").as_bytes();
    if timestamp.len() != 19 || timestamp[10] != b' ' || timestamp[4] != b'-' || timestamp[13] != b':' {
        return Some(("isv.invalid-timestamp", "非法的时间戳参数"));
    }
    let mut pairs: Vec<(&String, &str)> =
        asked.params.iter().filter(|(name, _)| *name != "sign").filter_map(|(name, value)| Some((name, value.as_str()?))).collect();
    pairs.sort();
    let signed: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let (Ok(key), Ok(signature)) = (STANDARD.decode(ALIPAY_PUBLIC_KEY), STANDARD.decode(asked.param("sign"))) else {
        return Some(("isv.missing-signature", "缺少签名参数"));
    };
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(signed.join("&").as_bytes(), &signature).err().map(|_| ("isv.invalid-signature", "无效签名"))
}

/// What the stand-in for Alipay signs its answers with.
const ALIPAYS_OWN_KEY: &str = include_str!("../../../providers/tests/fixtures/rsa-pkcs8.pem");

fn alipays_own_key() -> Option<RsaKeyPair> {
    let body: String = ALIPAYS_OWN_KEY.lines().filter(|line| !line.starts_with('-')).collect();
    RsaKeyPair::from_pkcs8(&STANDARD.decode(body).ok()?).ok()
}

/// `oauth.alipay.alipayPublicKey` for the stand-in's answers (PKCS#1, on one line).
pub fn alipay_public_key() -> String {
    alipays_own_key().map(|key| STANDARD.encode(key.public_key())).unwrap_or_default()
}

/// An answer of Alipay's with its signature over the node's text, slashes escaped as Alipay does.
/// Refusals stay as they are.
pub(super) fn signed_by_alipay(body: &[u8]) -> Vec<u8> {
    const NODE: &str = "alipay_system_oauth_token_response";
    let sign = || {
        let answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let text = answer.get(NODE)?.to_string();
        let key = alipays_own_key()?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
        Some(format!(r#"{{"{NODE}":{text},"sign":"{}"}}"#, STANDARD.encode(signature)).into_bytes())
    };
    sign().unwrap_or_else(|| body.to_vec())
}

/// The documented cloud function: it checks the signature over all other pairs.
fn univerify(asked: &Asked<'_>) -> Value {
    let mut pairs: Vec<String> = asked
        .params
        .iter()
        .filter(|(name, _)| *name != "sign")
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.sort();
    let expected = lingpai_domain::random::to_hex(&hmac_sha256(UNIVERIFY_SECRET.as_bytes(), pairs.join("&").as_bytes()));
    if asked.param("sign") != expected {
        return json!({"errCode": "ILLEGAL_ACCESS", "errMsg": "非法访问"});
    }
    match asked.param("openid").strip_prefix("uv-") {
        Some(number) => json!({"code": 0, "message": "", "phoneNumber": number}),
        None => json!({"errCode": "UNIVERIFY_FAIL", "errMsg": "get phone number failed"}),
    }
}

/// Whether a request to a gateway of the operator's is signed.
fn is_signed(asked: &Asked<'_>, secret: &str) -> bool {
    let signed = [asked.header("lingpai-timestamp").as_bytes(), b"\n", asked.body].concat();
    asked.header("lingpai-signature") == lingpai_domain::random::to_hex(&hmac_sha256(secret.as_bytes(), &signed))
}

fn sms_webhook(asked: &Asked<'_>) -> Value {
    let complete = ["smsKey", "phone", "templateId"].iter().all(|name| !asked.param(name).is_empty());
    match () {
        () if !is_signed(asked, SMS_SECRET) => json!({"errCode": "SMS_ILLEGAL_ACCESS", "errMsg": "the signature is wrong"}),
        () if !complete || !asked.params.get("data").is_some_and(Value::is_object) => {
            json!({"errCode": "SMS_INVALID_PARAM", "errMsg": "a field is missing"})
        }
        () => json!({"errCode": 0}),
    }
}

/// As Twilio's "Messages" resource: basic authorisation, and errors with HTTP statuses.
fn sms_form(asked: &Asked<'_>) -> Answer {
    let authorization = format!("Basic {}", STANDARD.encode(format!("AC1:{SMS_FORM_PASSWORD}")));
    let is_number = asked.param("To").strip_prefix("+86").is_some_and(|number| number.len() == 11);
    let (status, body) = match () {
        () if asked.header("authorization") != authorization => (401, json!({"code": 20003, "message": "Authenticate", "status": 401})),
        () if !is_number || asked.param("Body").is_empty() => {
            (400, json!({"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}))
        }
        () => (201, json!({"sid": "SM1", "status": "queued", "error_code": null})),
    };
    Answer { status, content_type: "application/json", body: body.to_string().into_bytes() }
}

fn face(asked: &Asked<'_>, faces: &Faces) -> Value {
    if !is_signed(asked, FACE_SECRET) {
        return json!({"errCode": "FRV_ILLEGAL_ACCESS", "errMsg": "the signature is wrong"});
    }
    if asked.place.ends_with("getCertifyId") {
        let complete = ["realName", "idCard", "metaInfo"].iter().all(|name| !asked.param(name).is_empty());
        if !complete || !asked.params.get("needPicture").is_some_and(Value::is_boolean) {
            return json!({"errCode": "FRV_INVALID_PARAM", "errMsg": "a parameter is missing"});
        }
        if asked.param("metaInfo") == "refuse" {
            return json!({"errCode": "FRV_INVALID_META_INFO", "errMsg": format!("{} is refused", asked.param("realName"))});
        }
        return json!({"certifyId": faces.begin()});
    }
    match faces.state(asked.param("certifyId")) {
        None => json!({"errCode": "FRV_INVALID_CERTIFY_ID", "errMsg": "no such verification"}),
        Some(state) => {
            let mut answer = json!({"authState": state});
            if state == "SUCCESS" && asked.param("needAlivePhoto") == "Y_O" {
                answer["base64Photo"] = STANDARD.encode(PHOTO).into();
            }
            answer
        }
    }
}
