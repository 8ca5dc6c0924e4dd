//! The body of the URL form.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use lingpai_domain::client_info::ClientInfo;

/// `{clientInfo, uniIdToken, params}`; what else there is counts for nothing, and what is there twice as it is there last.
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    /// `params`; `None` if there is none.
    pub params: Option<Value>,
    /// `clientInfo`, whatever it is.
    pub client_info: ClientInfo,
    /// `uniIdToken`, if it is a text.
    pub token: Option<String>,
}

impl Envelope {
    /// Reads a body; `None` unless it is a JSON object.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ReadEnvelope)
    }
}

struct ReadEnvelope;

impl<'de> Visitor<'de> for ReadEnvelope {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = map.next_key::<Part>()? {
            match name {
                Part::Params => envelope.params = Some(map.next_value()?),
                Part::ClientInfo => envelope.client_info = map.next_value()?,
                Part::Token => {
                    envelope.token = match map.next_value()? {
                        Value::String(token) => Some(token),
                        _ => None,
                    }
                }
                // Read like everything else, so that what is no JSON is refused wherever it is.
                Part::Other => drop(map.next_value::<Value>()?),
            }
        }
        Ok(envelope)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier)]
enum Part {
    #[serde(rename = "params")]
    Params,
    #[serde(rename = "clientInfo")]
    ClientInfo,
    #[serde(rename = "uniIdToken")]
    Token,
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decode(text: &str) -> Option<(Option<Value>, Value, Option<String>)> {
        let envelope = Envelope::decode(text.as_bytes())?;
        Some((envelope.params, Value::Object(envelope.client_info.to_map()), envelope.token))
    }

    #[test]
    fn the_parts_are_found_in_any_order_and_count_as_they_are_last() {
        let text = r#" {"uniIdToken": 5, "other": [{"deep": {}}], "params": [1], "clientInfo": {"appId": "a"}, "uniIdToken": "t", "params": {"b": null}} "#;
        assert_eq!(decode(text), Some((Some(json!({"b": null})), json!({"appId": "a"}), Some("t".into()))));
        assert_eq!(decode(r#"{"uniIdToken": "t", "uniIdToken": null, "params": null}"#), Some((Some(Value::Null), json!({}), None)));
        assert_eq!(decode("{}"), Some((None, json!({}), None)));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let deep = format!("{{\"other\": {}{}}}", "[".repeat(500), "]".repeat(500));
        let deep_info = format!("{{\"clientInfo\": {{\"a\": {}{}}}}}", "[".repeat(500), "]".repeat(500));
        for text in ["", "null", "[]", "\"{}\"", "{", "{}{}", "{}x", "{\"params\": }", "{\"other\": nul}", "{1: 2}", &deep, &deep_info] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert!(Envelope::decode(b"{\"clientInfo\": {\"appId\": \"\xff\"}}").is_none());
        assert!(Envelope::decode(b"{\"other\": \"\xff\"}").is_none());
    }
}
