//! Signatures that recordings leave to whoever sends them, because they depend on the clock.

use anyhow::{Context, Result, bail};
use lingpai_domain::random::to_hex;
use md5::Digest;
use serde_json::{Map, Value};

use super::jwt::hmac_sha256;

/// What a call's signature is made of, unless its options say otherwise.
pub struct External<'a> {
    /// requestAuthSecret
    pub secret: &'a str,
    /// Header uni-id-nonce.
    pub nonce: &'a str,
    /// Header uni-id-timestamp.
    pub timestamp: &'a str,
    /// The body's `params`.
    pub params: &'a Map<String, Value>,
}

/// `$signature {…}`: HMAC-SHA256 with key secret + nonce over timestamp + sorted scalar
/// parameters, in upper-case hex. Options: `params`, `secret`, `nonce`, `timestamp`, `upper`.
///
/// # Errors
/// If the options are not JSON or have others.
pub fn external(call: &External<'_>, options: &str) -> Result<String> {
    let options = parse_options(options)?;
    let (mut secret, mut nonce, mut timestamp, mut params, mut upper) = (call.secret, call.nonce, call.timestamp, call.params, true);
    for (option, value) in &options {
        match (option.as_str(), value) {
            ("secret", Value::String(text)) => secret = text,
            ("nonce", Value::String(text)) => nonce = text,
            ("timestamp", Value::String(text)) => timestamp = text,
            ("params", Value::Object(map)) => params = map,
            ("upper", Value::Bool(yes)) => upper = *yes,
            _ => bail!("unknown option {option} of a signature"),
        }
    }
    let message = format!("{timestamp}{}", sorted_scalars(params));
    let hex = to_hex(&hmac_sha256(format!("{secret}{nonce}").as_bytes(), message.as_bytes()));
    Ok(if upper { hex.to_uppercase() } else { hex })
}

/// `$s2s {"method":…,"key":…}`: the value of header Unicloud-S2s-Signature for a JSON body.
///
/// # Errors
/// If the options are not JSON, lack one, or name an unknown method.
pub fn server_to_server(timestamp: &str, body: &Map<String, Value>, options: &str) -> Result<String> {
    let options = parse_options(options)?;
    let option = |name: &str| options.get(name).and_then(Value::as_str).with_context(|| format!("$s2s needs {name}"));
    let (method, key) = (option("method")?, option("key")?);
    let payload = sorted_scalars(options.get("body").and_then(Value::as_object).unwrap_or(body));
    let timestamp = options.get("timestamp").and_then(Value::as_str).unwrap_or(timestamp);
    let keyed = format!("{timestamp}\n{payload}\n{key}");
    let hex = match method {
        "hmac-sha256" => to_hex(&hmac_sha256(key.as_bytes(), format!("{timestamp}\n{payload}").as_bytes())),
        "md5" => to_hex(&md5::Md5::digest(keyed)),
        "sha1" => to_hex(&sha1::Sha1::digest(keyed)),
        "sha256" => to_hex(&sha2::Sha256::digest(keyed)),
        _ => bail!("unknown method {method:?} of $s2s"),
    };
    Ok(format!("{method} {hex}"))
}

fn parse_options(options: &str) -> Result<Map<String, Value>> {
    if options.trim().is_empty() { Ok(Map::new()) } else { serde_json::from_str(options).context("a signature's options") }
}

/// `a=1&b=2` of the texts, numbers and truth values, by name.
fn sorted_scalars(params: &Map<String, Value>) -> String {
    let mut pairs: Vec<String> = Vec::new();
    let mut names: Vec<&String> = params.keys().collect();
    names.sort();
    for name in names {
        match &params[name] {
            Value::String(text) => pairs.push(format!("{name}={text}")),
            scalar @ (Value::Number(_) | Value::Bool(_)) => pairs.push(format!("{name}={scalar}")),
            Value::Null | Value::Array(_) | Value::Object(_) => {}
        }
    }
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn server_to_server_signatures_match_the_published_vector() {
        let body = json!({"b": 2, "a": 1, "arr": [1, 2, 3]});
        let sign = |method: &str| {
            let options = json!({"method": method, "key": "q0etb3cl0s8mrlfdqp33ist1ou0r97pg"}).to_string();
            server_to_server("1677743381925", body.as_object().unwrap(), &options).unwrap()
        };
        assert_eq!(sign("hmac-sha256"), "hmac-sha256 5c02499d2c45876ceb60635311f2368f672964f0555c08d05d76cb6361d92dd4");
        assert_eq!(sign("md5"), "md5 47935a0283e141644aa5045cdfa51d83");
        assert_eq!(sign("sha1"), "sha1 aff9b936fd7c478e2c35d7b529d961152b6ffee5");
    }

    #[test]
    fn options_replace_what_is_signed() {
        let params = json!({"uid": "u1", "list": [1], "nothing": null});
        let call = External { secret: "s", nonce: "n", timestamp: "1", params: params.as_object().unwrap() };
        let plain = external(&call, "{}").unwrap();
        assert_eq!(plain, to_hex(&hmac_sha256(b"sn", b"1uid=u1")).to_uppercase());
        assert_eq!(external(&call, r#"{"upper":false}"#).unwrap(), plain.to_lowercase());
        assert_eq!(external(&call, r#"{"params":{"uid":"u1"}}"#).unwrap(), plain);
        for other in [r#"{"secret":"x"}"#, r#"{"nonce":"x"}"#, r#"{"params":{}}"#] {
            assert_ne!(external(&call, other).unwrap(), plain);
        }
        assert!(external(&call, r#"{"colour":"red"}"#).is_err());
    }
}
