//! The last login of users, which lies beside their sessions (`sessions.id` 0).

use rusqlite::Connection;

use super::failure::Failure;
use crate::document::UserParts;

/// Replaces a user's last login by the imported one.
pub fn put(connection: &Connection, parts: &UserParts) -> Result<(), Failure> {
    let login = &parts.login;
    if login.last_login_date.is_none() && login.last_login_ip.is_none() && !parts.ip_limit_seen {
        connection.prepare_cached("DELETE FROM sessions WHERE uid = ?1 AND id = 0")?.execute([&parts.id])?;
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO sessions (uid, id, created_at, ip, ip_limit_seen) VALUES (?1, 0, ?2, ?3, ?4)
             ON CONFLICT (uid, id) DO UPDATE SET created_at = ?2, ip = ?3, ip_limit_seen = ?4",
        )?
        .execute((&parts.id, login.last_login_date, &login.last_login_ip, parts.ip_limit_seen))?;
    Ok(())
}

/// Writes a login. With `by_password` the list of addresses is shown from now on.
pub fn stamp(connection: &Connection, uid: &str, now: i64, ip: &str, by_password: bool) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO sessions (uid, id, created_at, ip, ip_limit_seen) VALUES (?1, 0, ?2, ?3, ?4)
             ON CONFLICT (uid, id) DO UPDATE SET created_at = ?2, ip = ?3, ip_limit_seen = MAX(ip_limit_seen, ?4)",
        )?
        .execute((uid, now, ip, by_password))?;
    Ok(())
}

/// Shows the list of addresses from now on.
pub fn show_addresses(connection: &Connection, uid: &str) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO sessions (uid, id, ip_limit_seen) VALUES (?1, 0, 1) ON CONFLICT (uid, id) DO UPDATE SET ip_limit_seen = 1",
        )?
        .execute([uid])?;
    Ok(())
}
