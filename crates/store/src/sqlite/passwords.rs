//! Passwords and status: changes of the document that void tokens.

use lingpai_domain::store::{GuessKind, PasswordChange, PasswordChanged, StatusChange};
use rusqlite::Connection;
use serde_json::Value;

use super::{along, failure::Failure, guesses, log, users};

/// See [`lingpai_domain::store::Store::change_password`].
pub fn change(connection: &Connection, change: &PasswordChange) -> Result<PasswordChanged, Failure> {
    let mut fields = vec![("password", Value::from(change.password.as_str()))];
    fields.extend(change.version.map(|version| ("password_secret_version", Value::from(version))));
    if let Some(date) = change.valid_token_date {
        fields.push(("valid_token_date", Value::from(after_all_tokens(connection, &change.uid, date)?)));
    }
    if !users::set_fields(connection, &change.uid, Some(change.revision), &fields)? {
        return Ok(PasswordChanged::Stale);
    }
    guesses::forget(connection, &change.uid, GuessKind::Password)?;
    if let Some(row) = &change.log {
        log::append(connection, row)?;
    }
    along::tell(connection, &change.told)?;
    Ok(PasswordChanged::Done)
}

/// `date`, or the millisecond after the newest token where that is not dated before it.
pub fn after_all_tokens(connection: &Connection, uid: &str, date: i64) -> Result<i64, Failure> {
    let mut newest = connection.prepare_cached("SELECT max(issued_at) FROM sessions WHERE uid = ?1 AND id > 0")?;
    let issued_at: Option<i64> = newest.query_row([uid], |row| row.get(0))?;
    Ok(match issued_at.map(|seconds| seconds.saturating_mul(1000)) {
        Some(issued) if issued >= date => issued.saturating_add(1),
        _ => date,
    })
}

/// See [`lingpai_domain::store::Store::change_status`].
pub fn change_status(connection: &Connection, change: &StatusChange) -> Result<bool, Failure> {
    let changed = users::set_fields(connection, &change.uid, None, &[("status", Value::from(change.status))])?;
    if changed {
        along::tell(connection, &change.told)?;
    }
    Ok(changed)
}
