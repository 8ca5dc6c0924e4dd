//! Spaces of the client protocol: signatures and anonymous authorisation.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use serde_json::{Map, Value};
use sha2::Sha256;

use lingpai_domain::{random::to_hex, secret};

use crate::config::settings::Space;

/// For how long an anonymous authorisation is valid, milliseconds.
const AUTHORISED_FOR_MS: i64 = 12 * 60 * 60 * 1000;

/// What the client signs: the top-level fields in ascending order, without those whose value
/// JavaScript counts as false; as `key=value`, joined by `&`.
fn signed_fields(body: &Map<String, Value>) -> Vec<(&str, Cow<'_, str>)> {
    let mut fields: Vec<_> = body
        .iter()
        .filter_map(|(key, value)| match value {
            Value::String(text) if !text.is_empty() => Some((key.as_str(), Cow::Borrowed(text.as_str()))),
            Value::Number(number) if number.as_f64() != Some(0.0) => Some((key.as_str(), Cow::Owned(number.to_string()))),
            Value::Bool(true) => Some((key.as_str(), Cow::Borrowed("true"))),
            _ => None,
        })
        .collect();
    fields.sort();
    fields
}

/// Whether the signature is the space's: lower-case hex HMAC-MD5.
pub fn is_signed(space: &Space, body: &Map<String, Value>, signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(space.client_secret.expose().as_bytes()) else { return false };
    // Not put together first: the parameters are nearly all of the request.
    for (number, (key, value)) in signed_fields(body).iter().enumerate() {
        for part in [if number == 0 { "" } else { "&" }, *key, "=", &**value] {
            mac.update(part.as_bytes());
        }
    }
    secret::equal(to_hex(&mac.finalize().into_bytes()).as_bytes(), signature)
}

fn authorisation_mac(space: &Space, expires: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(space.client_secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("anonymous\n{}\n{expires}", space.id).as_bytes());
    to_hex(&mac.finalize().into_bytes())
}

/// An access token of the `aliyun` provider: whoever can sign for the space gets one, so it is
/// nothing but a signed time.
pub fn authorise(space: &Space, now_ms: i64) -> (String, i64) {
    let expires = now_ms + AUTHORISED_FOR_MS;
    (format!("{expires}.{}", authorisation_mac(space, expires)), AUTHORISED_FOR_MS / 1000)
}

/// Whether an access token is one of ours and not past its time.
pub fn is_authorised(space: &Space, token: &str, now_ms: i64) -> bool {
    let Some((expires, mac)) = token.split_once('.') else { return false };
    let Ok(expires) = expires.parse::<i64>() else { return false };
    expires > now_ms && secret::equal(authorisation_mac(space, expires).as_bytes(), mac.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use lingpai_domain::secret::Secret;

    use super::*;

    fn space(secret: &str) -> Space {
        Space { id: "s".into(), client_secret: Secret::new(secret), apps: vec!["*".into()] }
    }

    /// Recomputed from what the published client sent to a capture server.
    #[test]
    fn signatures_of_the_official_client_are_accepted() {
        let authorise = json!({"method": "serverless.auth.user.anonymousAuthorize", "params": "{}", "spaceId": "rt-aliyun", "timestamp": 1795162952870_i64});
        assert!(is_signed(&space("rt-secret"), authorise.as_object().unwrap(), b"6d3238f3f1b9b237c7b2e2d6b5482ef2"));
        let invoke = json!({
            "spaceId": "env-h5client-test", "timestamp": 1795162403072_i64, "method": "serverless.function.runtime.invoke", "token": "", "more": null,
            "params": "{\"functionTarget\":\"uni-id-co\",\"functionArgs\":{\"method\":\"login\",\"params\":[{\"username\":\"alice\",\"password\":\"密码1\"}],\"clientInfo\":{\"PLATFORM\":\"web\"}}}",
        });
        let body = invoke.as_object().unwrap();
        assert!(is_signed(&space("h5client-secret-0123456789"), body, b"71868c343fc59c84c0db675c69d99aa4"));
        assert!(!is_signed(&space("h5client-secret-0123456789"), body, b"71868c343fc59c84c0db675c69d99aa5"));
        assert!(!is_signed(&space("another"), body, b"71868c343fc59c84c0db675c69d99aa4"));
    }

    #[test]
    fn authorisations_are_bound_to_space_and_time() {
        let (token, seconds) = authorise(&space("a"), 0);
        assert_eq!(seconds, 43_200);
        assert!(is_authorised(&space("a"), &token, 1));
        assert!(!is_authorised(&space("a"), &token, AUTHORISED_FOR_MS));
        assert!(!is_authorised(&space("b"), &token, 1));
        assert!(!is_authorised(&space("a"), &token.replacen('4', "9", 1), 1));
        for forged in ["", ".", "x.y", "99999999999999999999.0"] {
            assert!(!is_authorised(&space("a"), forged, 1));
        }
    }
}
