//! The JWT itself: HS256 only (RFC 7519, RFC 7515).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::Claims;
use crate::secret::{Secret, equal};

/// `{"alg":"HS256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// Tokens longer than this are refused unread: request headers and bodies are bounded anyway, and
/// a custom-token.js that adds more than this would not fit into a header of common proxies.
const LONGEST: usize = 16 * 1024;

/// A token's payload in its wire order.
pub type Payload = Map<String, Value>;

/// Why a token does not count. Callers are told no difference between these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// Not three parts of base64url with JSON in them.
    Malformed,
    /// Another algorithm or type than HS256 and JWT.
    Unsupported,
    /// Signed with another secret, or changed since.
    BadSignature,
}

fn mac(secret: &Secret) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length")
}

/// Makes a token.
///
/// The official client decodes the payload with the standard base64 alphabet, so `-` and `_` must
/// not occur in that part. They come from the six-bit groups 62 and 63, which ASCII text yields
/// only with `>`, `?`, `~` and DEL: these and everything beyond ASCII are written as `\uXXXX`.
pub fn sign(payload: &Payload, secret: &Secret) -> String {
    let json = ascii_json(payload);
    let mut token = String::with_capacity(HEADER.len() + json.len() * 4 / 3 + 48);
    token.push_str(HEADER);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(json, &mut token);
    let mut mac = mac(secret);
    mac.update(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(mac.finalize().into_bytes(), &mut token);
    token
}

fn ascii_json(payload: &Payload) -> String {
    use std::fmt::Write;
    let json = Value::Object(payload.clone()).to_string();
    let awkward = |c: char| !c.is_ascii() || matches!(c, '>' | '?' | '~' | '\u{7f}');
    if !json.contains(awkward) {
        return json;
    }
    let mut ascii = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        // Such characters occur inside of texts only, where an escape may stand.
        if awkward(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        } else {
            ascii.push(c);
        }
    }
    ascii
}

/// Checks a token's form and signature, and reads its claims. Time and revocation are not looked at.
pub fn verify(token: &str, secret: &Secret) -> Result<Claims, VerifyError> {
    if token.len() > LONGEST {
        return Err(VerifyError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(VerifyError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(VerifyError::Malformed)?;
    if header != HEADER {
        check_header(header)?;
    }
    let mut found = [0u8; 32];
    let length = URL_SAFE_NO_PAD.decode_slice(signature, &mut found).map_err(|_| VerifyError::BadSignature)?;
    let mut mac = mac(secret);
    mac.update(signed.as_bytes());
    if length != found.len() || !equal(&mac.finalize().into_bytes(), &found) {
        return Err(VerifyError::BadSignature);
    }
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| VerifyError::Malformed)?;
    // A list would be read as the claims in their order.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Err(VerifyError::Malformed);
    }
    serde_json::from_slice(&payload).map_err(|_| VerifyError::Malformed)
}

fn check_header(header: &str) -> Result<(), VerifyError> {
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| VerifyError::Malformed)?;
    let header: Value = serde_json::from_slice(&header).map_err(|_| VerifyError::Malformed)?;
    if header["alg"] == "HS256" && header["typ"] == "JWT" { Ok(()) } else { Err(VerifyError::Unsupported) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payload(value: Value) -> Payload {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_example_of_jwt_io_verifies() {
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        assert_eq!(verify(token, &Secret::new("your-256-bit-secret")).unwrap().iat, Some(1516239022));
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else() {
        let secret = Secret::new("s");
        let token = sign(&payload(json!({"uid": "u", "role": [], "permission": [], "iat": 1, "exp": 2})), &secret);
        assert_eq!(verify(&token, &secret).unwrap().uid.as_deref(), Some("u"));
        assert_eq!(verify(&token, &Secret::new("t")), Err(VerifyError::BadSignature));
        for index in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            if forged != token.as_bytes() {
                assert!(verify(std::str::from_utf8(&forged).unwrap(), &secret).is_err(), "changed at {index}");
            }
        }
    }

    #[test]
    fn other_algorithms_are_refused_however_they_are_signed() {
        let secret = Secret::new("s");
        for header in [r#"{"alg":"none","typ":"JWT"}"#, r#"{"alg":"HS512","typ":"JWT"}"#, r#"{"alg":"HS256"}"#, "[]", "x"] {
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(r#"{"uid":"u"}"#));
            let mut mac = mac(&secret);
            mac.update(signed.as_bytes());
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
            assert!(verify(&token, &secret).is_err(), "{header}");
        }
        for token in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d"] {
            assert!(verify(token, &secret).is_err());
        }
    }

    #[test]
    fn the_payload_never_has_a_character_that_the_client_cannot_decode() {
        let secret = Secret::new("s");
        for filler in 0..3 {
            let claims = payload(json!({"x": "a".repeat(filler), "y": ">?~\u{7f}中文😀\"\\ÿ", "~>?": "k"}));
            let token = sign(&claims, &secret);
            let middle = token.split('.').nth(1).unwrap();
            assert!(!middle.contains(['-', '_']), "{middle}");
            let decoded: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle).unwrap()).unwrap();
            assert_eq!(decoded, Value::Object(claims));
        }
    }
}
