//! How many codes applications sent lately.

use std::collections::BTreeMap;

use lingpai_domain::store::{NewCode, SendLimit};
use rusqlite::Connection;

use super::failure::Failure;
use crate::document::code_kind;

/// Milliseconds until a limit of the application lets another code through, if it does not now.
pub fn retry_after(connection: &Connection, code: &NewCode, limit: &SendLimit) -> Result<Option<i64>, Failure> {
    if limit.count == 0 {
        return Ok(Some(limit.window_ms));
    }
    // The newest slice with which the count is reached: when it ends, another one fits.
    let ends: Option<i64> = connection
        .prepare_cached(
            "SELECT max(ends_at) FROM (
               SELECT ends_at, sum(count) OVER (ORDER BY ends_at DESC) AS reached FROM app_sends
               WHERE kind = ?1 AND app = ?2 AND window_ms = ?3 AND ends_at > ?4)
             WHERE reached >= ?5",
        )?
        .query_row((code_kind(&code.target), &code.app, limit.window_ms, code.created_date, limit.count), |row| row.get(0))?;
    Ok(ends.map(|ends| ends.saturating_sub(code.created_date)))
}

/// Counts a code in each window of these limits.
pub fn count(connection: &Connection, code: &NewCode, limits: &[&SendLimit]) -> Result<(), Failure> {
    let windows: BTreeMap<i64, i64> = limits.iter().map(|limit| (limit.window_ms, limit.slice_ms())).collect();
    for (window_ms, slice_ms) in windows {
        connection
            .prepare_cached(
                "INSERT INTO app_sends (kind, app, window_ms, slice, count, ends_at) VALUES (?1, ?2, ?3, ?4, 1, ?5)
                 ON CONFLICT (kind, app, window_ms, slice) DO UPDATE SET count = count + 1, ends_at = max(ends_at, excluded.ends_at)",
            )?
            .execute((
                code_kind(&code.target),
                &code.app,
                window_ms,
                code.created_date / slice_ms,
                code.created_date.saturating_add(window_ms),
            ))?;
    }
    Ok(())
}
