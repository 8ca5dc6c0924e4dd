//! Documents of `opendb-open-data`.

use serde_json::{Map, Value};

/// The collection's name.
pub const COLLECTION: &str = "opendb-open-data";

/// A document.
pub fn document(key: &str, value: &str, expired: Option<i64>) -> Map<String, Value> {
    let mut doc = Map::new();
    doc.insert("_id".into(), key.into());
    doc.insert("value".into(), value.into());
    if let Some(expired) = expired {
        doc.insert("expired".into(), expired.into());
    }
    doc
}

/// Value and end of a document, unless it has ended. A value that is no text becomes its JSON.
pub fn live_value(doc: &Map<String, Value>, now: i64) -> Option<(String, Option<i64>)> {
    let expired = doc.get("expired").and_then(Value::as_i64);
    if expired.is_some_and(|end| end <= now) {
        return None;
    }
    let value = match doc.get("value")? {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some((value, expired))
}
