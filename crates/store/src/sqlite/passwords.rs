//! Passwords and status: changes of the document that void tokens.

use lingpai_domain::store::{PasswordChange, PasswordChanged, StatusChange};
use rusqlite::Connection;
use serde_json::Value;

use super::{failure::Failure, log, users};

/// See [`lingpai_domain::store::Store::change_password`].
pub fn change(connection: &Connection, change: &PasswordChange) -> Result<PasswordChanged, Failure> {
    let mut fields = vec![("password", Value::from(change.password.as_str()))];
    fields.extend(change.version.map(|version| ("password_secret_version", Value::from(version))));
    fields.extend(change.valid_token_date.map(|date| ("valid_token_date", Value::from(date))));
    if !users::set_fields(connection, &change.uid, Some(change.revision), &fields)? {
        return Ok(PasswordChanged::Stale);
    }
    if let Some(row) = &change.log {
        log::append(connection, row)?;
    }
    Ok(PasswordChanged::Done)
}

/// See [`lingpai_domain::store::Store::change_status`].
pub fn change_status(connection: &Connection, change: &StatusChange) -> Result<bool, Failure> {
    users::set_fields(connection, &change.uid, None, &[("status", Value::from(change.status))])
}
