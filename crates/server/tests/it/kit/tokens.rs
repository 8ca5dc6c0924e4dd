//! Tokens that the program did not make.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Value, json};

/// `tokenSecret` of the test kit's programs.
pub const SECRET: &str = "the token secret of test programs, long enough";

/// The usual header.
pub fn hs256() -> Value {
    json!({"alg": "HS256", "typ": "JWT"})
}

/// Claims of a user, issued at a second, that end two hours later.
pub fn claims(uid: &str, issued_at_s: i64) -> Value {
    json!({
        "uid": uid, "role": [], "permission": [], "uniIdVersion": "1.0.19", "iat": issued_at_s, "exp": issued_at_s + 7200,
    })
}

/// A JWT signed with HMAC-SHA256, whatever its header says.
pub fn sign(header: &Value, payload: &Value, secret: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// What a token says.
pub fn payload(token: &str) -> Value {
    let middle = token.split('.').nth(1).unwrap_or_default();
    URL_SAFE_NO_PAD.decode(middle).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
