//! `opendb-open-data`: credentials and other values with an end.

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use super::{collections, failure::Failure};
use crate::document::{from_text, id, open_data};

/// A document by collection and `_id`.
pub fn document(connection: &Connection, collection: &str, id: &str) -> Result<Option<Map<String, Value>>, Failure> {
    let mut select = connection.prepare_cached("SELECT doc FROM documents WHERE collection = ?1 AND id = ?2")?;
    let doc = select.query_row((collection, id), |row| row.get::<_, String>(0)).optional()?;
    Ok(doc.as_deref().map(from_text).transpose()?)
}

/// See [`lingpai_domain::store::Store::open_data`].
pub fn live(connection: &Connection, key: &str, now: i64) -> Result<Option<(String, Option<i64>)>, Failure> {
    Ok(document(connection, open_data::COLLECTION, key)?.and_then(|doc| open_data::live_value(&doc, now)))
}

/// See [`lingpai_domain::store::Store::replace_open_data`].
pub fn replace(connection: &Connection, expected: Option<&str>, new: &Map<String, Value>) -> Result<bool, Failure> {
    let present = document(connection, open_data::COLLECTION, id(new)?)?;
    let fits = match (&present, expected) {
        (None, None) => true,
        (Some(present), Some(expected)) => present.get("value").and_then(Value::as_str) == Some(expected),
        _ => false,
    };
    if fits {
        collections::put(connection, open_data::COLLECTION, new)?;
    }
    Ok(fits)
}

/// See [`lingpai_domain::store::Store::raise_assertion_counter`].
pub fn raise_assertion_counter(connection: &Connection, id: &str, counter: u32) -> Result<bool, Failure> {
    let raised = connection
        .prepare_cached(
            "UPDATE documents SET doc = json_set(doc, '$.assertion_counter', ?2)
             WHERE collection = 'opendb-app-client-key' AND id = ?1 AND coalesce(doc ->> '$.assertion_counter', 0) < ?2",
        )?
        .execute((id, i64::from(counter)))?;
    Ok(raised > 0)
}
