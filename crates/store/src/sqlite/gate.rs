//! News for the gates.

use lingpai_domain::store::{GateChange, GateCursor, GateNews, Role};
use rusqlite::{Connection, Row, types::ValueRef};

use super::failure::Failure;
use crate::document::{self, changed_roles};

/// Puts a token on the list of logged-out ones.
pub fn revoke(connection: &Connection, hash: &[u8; 32], expires: Option<i64>) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO gate_changes (kind, hash, expires) VALUES ('token', ?1, ?2) ON CONFLICT (hash) WHERE hash IS NOT NULL DO NOTHING",
        )?
        .execute((hash, expires))?;
    Ok(())
}

/// Whether a token is on the list of logged-out ones.
pub fn is_revoked(connection: &Connection, hash: &[u8; 32]) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM gate_changes WHERE hash = ?1)")?;
    Ok(statement.query_row([hash], |row| row.get(0))?)
}

/// See [`lingpai_domain::store::Store::gate_news`]. There is one row per subject, the newest, so
/// "everything that still matters" is all but the tokens that have expired by `now`.
pub fn news(connection: &Connection, cursor: Option<GateCursor>, now: i64) -> Result<GateNews, Failure> {
    let after = cursor.map_or(0, |cursor| cursor.0);
    let mut news = GateNews { cursor: GateCursor(after), changes: Vec::new() };
    let mut statement = connection.prepare_cached(
        "SELECT seq, kind, key, hash, expires, valid_token_date, status, roles FROM gate_changes
         WHERE seq > ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([after])?;
    while let Some(row) = rows.next()? {
        news.cursor = GateCursor(row.get(0)?);
        match change(row)? {
            Some(GateChange::Token { expires: Some(expires), .. }) if cursor.is_none() && expires <= now => {}
            Some(change) => news.changes.push(change),
            None => {}
        }
    }
    Ok(news)
}

fn change(row: &Row<'_>) -> Result<Option<GateChange>, Failure> {
    let kind = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(match kind {
        "token" => Some(GateChange::Token { hash: row.get(3)?, expires: row.get(4)? }),
        "user" => Some(GateChange::User {
            uid: row.get(2)?,
            sequence: row.get(0)?,
            valid_token_date: integer(row, 5)?,
            status: integer(row, 6)?,
            roles: changed_roles(row.get_ref(7)?.as_str_or_null().map_err(rusqlite::Error::from)?),
        }),
        "roles" => Some(GateChange::Roles),
        _ => None,
    })
}

/// An integer; a number too great for one counts as absent, as in the domain.
fn integer(row: &Row<'_>, column: usize) -> Result<Option<i64>, Failure> {
    Ok(if let ValueRef::Integer(number) = row.get_ref(column)? { Some(number) } else { None })
}

/// See [`lingpai_domain::store::Store::roles`].
pub fn roles(connection: &Connection) -> Result<Vec<Role>, Failure> {
    let mut statement = connection.prepare_cached("SELECT doc FROM documents WHERE collection = 'uni-id-roles' ORDER BY seq")?;
    let mut rows = statement.query(())?;
    let mut roles = Vec::new();
    while let Some(row) = rows.next()? {
        let doc = document::from_text(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
        roles.extend(document::role(&doc));
    }
    Ok(roles)
}
