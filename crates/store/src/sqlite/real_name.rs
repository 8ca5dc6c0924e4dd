//! Verification of real names: `opendb-frv-logs`, and how many users share an identity card.

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use super::failure::Failure;
use crate::document::{from_text, id, text, to_text};

/// See [`lingpai_domain::store::Store::frv_log`].
pub fn find(connection: &Connection, certify_id: &str) -> Result<Option<Map<String, Value>>, Failure> {
    Ok(row(connection, certify_id)?.map(|(_, doc)| doc))
}

/// Place and document of a row.
type Placed = (i64, Map<String, Value>);

fn row(connection: &Connection, certify_id: &str) -> Result<Option<Placed>, Failure> {
    let mut select = connection.prepare_cached(
        "SELECT seq, doc FROM documents WHERE collection = 'opendb-frv-logs' AND doc ->> '$.certify_id' = ?1 ORDER BY seq LIMIT 1",
    )?;
    let found = select.query_row([certify_id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).optional()?;
    found.map(|(seq, doc)| Ok((seq, from_text(&doc)?))).transpose()
}

/// See [`lingpai_domain::store::Store::add_frv_log`].
pub fn add(connection: &Connection, doc: &Map<String, Value>, limit_per_day: Option<(i64, u32)>) -> Result<bool, Failure> {
    if let Some((since, count)) = limit_per_day {
        let mut rows = connection.prepare_cached(
            "SELECT COUNT(*) FROM documents WHERE collection = 'opendb-frv-logs' AND doc ->> '$.user_id' = ?1
               AND json_type(doc, '$.created_date') = 'integer' AND doc ->> '$.created_date' >= ?2",
        )?;
        let rows: i64 = rows.query_row((text(doc, "user_id"), since), |row| row.get(0))?;
        if rows >= i64::from(count) {
            return Ok(false);
        }
    }
    connection
        .prepare_cached("INSERT INTO documents (collection, id, doc) VALUES ('opendb-frv-logs', ?1, ?2)")?
        .execute((id(doc)?, to_text(doc)?))?;
    Ok(true)
}

/// See [`lingpai_domain::store::Store::finish_frv`].
pub fn finish(connection: &Connection, certify_id: &str, from_status: i64, to_status: i64) -> Result<bool, Failure> {
    let Some((seq, mut doc)) = row(connection, certify_id)? else { return Ok(false) };
    if doc.get("status").and_then(Value::as_i64) != Some(from_status) {
        return Ok(false);
    }
    doc.insert("status".into(), to_status.into());
    connection.prepare_cached("UPDATE documents SET doc = ?2 WHERE seq = ?1")?.execute((seq, to_text(&doc)?))?;
    Ok(true)
}

/// See [`lingpai_domain::store::Store::count_users_with_identity_card`].
pub fn count_holders(connection: &Connection, digest: &str) -> Result<u64, Failure> {
    let mut count = connection.prepare_cached("SELECT COUNT(*) FROM identity_cards WHERE digest = ?1")?;
    Ok(count.query_row([digest], |row| row.get::<_, i64>(0))?.unsigned_abs())
}
