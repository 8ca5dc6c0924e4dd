//! The account log.

use lingpai_domain::{log::LogRow, store::RecentQuery};
use rusqlite::Connection;

use super::{along, failure::Failure};
use crate::document::{self, LogParts};

/// Appends a row.
pub fn append(connection: &Connection, row: &LogRow) -> Result<(), Failure> {
    insert(connection, &LogParts::from(row))?;
    along::tell(connection, &row.told)
}

/// Appends or replaces a row.
pub fn insert(connection: &Connection, row: &LogParts) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO log (id, type, ip, field, value, create_date, state, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET type = ?2, ip = ?3, field = ?4, value = ?5, create_date = ?6, state = ?7, doc = ?8",
        )?
        .execute((&row.id, &row.kind, &row.ip, &row.field, &row.value, row.create_date, row.state, document::to_text(&row.doc)?))?;
    Ok(())
}

/// Whether the latest three rows exist and all failed.
pub fn failed_thrice(connection: &Connection, recent: &RecentQuery) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT COUNT(*) = 3 FROM (
           SELECT state FROM log
           WHERE value = ?1 AND field = ?2 AND ip = ?3 AND type = ?4 AND create_date > ?5
           ORDER BY create_date DESC, seq DESC LIMIT 3)
         WHERE state = 0",
    )?;
    Ok(statement.query_row((&recent.value, recent.field.wire(), &recent.ip, recent.kind.wire(), recent.since), |row| row.get(0))?)
}
