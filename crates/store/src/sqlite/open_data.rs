//! `opendb-open-data`: credentials and other values with an end.

use rusqlite::{Connection, OptionalExtension};

use super::failure::Failure;
use crate::document::{from_text, open_data};

/// See [`lingpai_domain::store::Store::open_data`].
pub fn live(connection: &Connection, key: &str, now: i64) -> Result<Option<(String, Option<i64>)>, Failure> {
    let mut select = connection.prepare_cached("SELECT doc FROM documents WHERE collection = ?1 AND id = ?2")?;
    let Some(doc) = select.query_row((open_data::COLLECTION, key), |row| row.get::<_, String>(0)).optional()? else { return Ok(None) };
    Ok(open_data::live_value(&from_text(&doc)?, now))
}
