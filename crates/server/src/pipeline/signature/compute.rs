//! What signatures are.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use lingpai_domain::random::to_hex;

/// The original's: HMAC-SHA256 with key secret + nonce over timestamp + `a=1&b=2`.
pub fn version_1(secret: &str, nonce: &str, timestamp: &str, params: &Map<String, Value>) -> String {
    hmac_sha256(&format!("{secret}{nonce}"), &format!("{timestamp}{}", sorted_scalars(params)))
}

/// Ours: HMAC-SHA256 with the secret over the lines `2`, timestamp, nonce, `POST`, path and the
/// hexadecimal SHA-256 of the body.
pub fn version_2(secret: &str, nonce: &str, timestamp: &str, path: &str, body: &[u8]) -> String {
    hmac_sha256(secret, &format!("2\n{timestamp}\n{nonce}\nPOST\n{path}\n{}", to_hex(&Sha256::digest(body))))
}

/// That of `uni-cloud-s2s`; `None` for an unknown method.
pub fn server_to_server(method: &str, key: &str, timestamp: &str, payload: &str) -> Option<String> {
    let keyed = || format!("{timestamp}\n{payload}\n{key}");
    Some(match method {
        "hmac-sha256" => hmac_sha256(key, &format!("{timestamp}\n{payload}")),
        "md5" => to_hex(&md5::Md5::digest(keyed())),
        "sha1" => to_hex(&sha1::Sha1::digest(keyed())),
        "sha256" => to_hex(&Sha256::digest(keyed())),
        _ => return None,
    })
}

/// Texts, numbers and truth values as `a=1&b=2`, by name, unescaped.
pub fn sorted_scalars(params: &Map<String, Value>) -> String {
    let mut scalars: Vec<(&String, String)> = params.iter().filter_map(|(name, value)| Some((name, scalar(value)?))).collect();
    // As JavaScript sorts: by UTF-16 units.
    scalars.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    let mut joined = String::new();
    for (name, value) in scalars {
        let separator = if joined.is_empty() { "" } else { "&" };
        let _ = write!(joined, "{separator}{name}={value}");
    }
    joined
}

/// A scalar as JavaScript prints it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(match number.as_f64() {
            // 1.0 and 1e3 are whole numbers there.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
            _ => number.to_string(),
        }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn hmac_sha256(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    to_hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scalars(params: Value) -> String {
        sorted_scalars(params.as_object().unwrap())
    }

    #[test]
    fn scalars_stand_by_name_as_javascript_prints_them() {
        assert_eq!(
            scalars(json!({"uid": "u1", "n": null, "b": true, "f": 1.5, "one": 1.0, "list": [1], "object": {}, "Z": "中 文&"})),
            "Z=中 文&&b=true&f=1.5&one=1&uid=u1"
        );
        assert_eq!(scalars(json!({})), "");
    }

    #[test]
    fn the_published_vectors_of_server_to_server_signatures() {
        let payload = scalars(json!({"b": 2, "a": 1, "arr": [1, 2, 3]}));
        let sign = |method: &str| server_to_server(method, "q0etb3cl0s8mrlfdqp33ist1ou0r97pg", "1677743381925", &payload);
        assert_eq!(sign("hmac-sha256").as_deref(), Some("5c02499d2c45876ceb60635311f2368f672964f0555c08d05d76cb6361d92dd4"));
        assert_eq!(sign("md5").as_deref(), Some("47935a0283e141644aa5045cdfa51d83"));
        assert_eq!(sign("sha1").as_deref(), Some("aff9b936fd7c478e2c35d7b529d961152b6ffee5"));
        assert_eq!(sign("none"), None);
    }

    #[test]
    fn every_part_counts() {
        let sign = |nonce: &str, timestamp: &str, path: &str, body: &str| version_2("secret", nonce, timestamp, path, body.as_bytes());
        let plain = sign("n", "1", "/uni-id-co/externalLogin", "{}");
        for other in [
            sign("m", "1", "/uni-id-co/externalLogin", "{}"),
            sign("n", "2", "/uni-id-co/externalLogin", "{}"),
            sign("n", "1", "/uni-id-co/externalRegister", "{}"),
            sign("n", "1", "/uni-id-co/externalLogin", "{ }"),
        ] {
            assert_ne!(other, plain);
        }
    }
}
