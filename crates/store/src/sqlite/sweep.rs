//! Removing what is past its time, in pieces between which other writes get their turn.

use rusqlite::Connection;

use super::failure::Failure;

/// How many rows a piece removes or, of sessions, looks at.
const PIECE: i64 = 500;

/// Removes a piece of the codes and captchas that expired before a time in ms. Returns whether
/// there may be more.
pub fn codes(connection: &Connection, before: i64) -> Result<bool, Failure> {
    let removed = connection
        .prepare_cached("DELETE FROM codes WHERE seq IN (SELECT seq FROM codes WHERE expired_date < ?1 LIMIT ?2)")?
        .execute((before, PIECE))?;
    Ok(removed > 0)
}

/// Removes a piece of the values of `opendb-open-data` that ended before a time in ms. Returns whether
/// there may be more.
pub fn open_data(connection: &Connection, before: i64) -> Result<bool, Failure> {
    // Ends that are texts or absent are no numbers below this one.
    let removed = connection
        .prepare_cached(
            "DELETE FROM documents WHERE seq IN (SELECT seq FROM documents
               WHERE collection = 'opendb-open-data' AND doc ->> '$.expired' < ?1 LIMIT ?2)",
        )?
        .execute((before, PIECE))?;
    Ok(removed > 0)
}

/// Removes a piece of the log's rows created before a time in ms. Returns whether there may be more.
pub fn log(connection: &Connection, before: i64) -> Result<bool, Failure> {
    let removed = connection
        .prepare_cached("DELETE FROM log WHERE seq IN (SELECT seq FROM log WHERE create_date < ?1 LIMIT ?2)")?
        .execute((before, PIECE))?;
    Ok(removed > 0)
}

/// Removes a piece of the audit's rows created before a time in ms. Returns whether there may be more.
pub fn audit(connection: &Connection, before: i64) -> Result<bool, Failure> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM documents WHERE seq IN
               (SELECT seq FROM documents WHERE collection = 'lingpai-audit' AND doc ->> '$.create_date' < ?1 LIMIT ?2)",
        )?
        .execute((before, PIECE))?;
    Ok(removed > 0)
}

/// Removes a piece of the nonces whose use expired by `now` (ms). Returns whether there may be more.
pub fn nonces(connection: &Connection, now: i64) -> Result<bool, Failure> {
    let removed = connection
        .prepare_cached("DELETE FROM nonces WHERE hash IN (SELECT hash FROM nonces WHERE expires <= ?1 LIMIT ?2)")?
        .execute((now, PIECE))?;
    Ok(removed > 0)
}

/// Removes a piece of the guesses that are forgotten by `now` (ms). Returns whether there may be more.
pub fn guesses(connection: &Connection, now: i64) -> Result<bool, Failure> {
    let removed = connection
        .prepare_cached("DELETE FROM guesses WHERE (uid, kind) IN (SELECT uid, kind FROM guesses WHERE ends_at <= ?1 LIMIT ?2)")?
        .execute((now, PIECE))?;
    Ok(removed > 0)
}

/// Removes a piece of the counts of what applications sent that are over by `now` (ms). Returns whether there may
/// be more.
pub fn app_sends(connection: &Connection, now: i64) -> Result<bool, Failure> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM app_sends WHERE (kind, app, window_ms, slice) IN
               (SELECT kind, app, window_ms, slice FROM app_sends WHERE ends_at <= ?1 LIMIT ?2)",
        )?
        .execute((now, PIECE))?;
    Ok(removed > 0)
}

/// A row of `sessions`: whose, and which.
pub type SessionKey = (String, i64);

/// Of a piece of the sessions after `after`: those expired at `now` (ms), and the last one looked at.
pub fn expired_sessions(connection: &Connection, after: &SessionKey, now: i64) -> Result<(Vec<SessionKey>, Option<SessionKey>), Failure> {
    let mut statement =
        connection.prepare_cached("SELECT uid, id, expires_at FROM sessions WHERE (uid, id) > (?1, ?2) ORDER BY uid, id LIMIT ?3")?;
    let mut rows = statement.query((&after.0, after.1, PIECE))?;
    let (mut expired, mut last) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        let key: SessionKey = (row.get(0)?, row.get(1)?);
        let expires_at: Option<i64> = row.get(2)?;
        if expires_at.is_some_and(|end| end.saturating_mul(1000) < now) {
            expired.push(key.clone());
        }
        last = Some(key);
    }
    Ok((expired, last))
}

/// Removes sessions if they are (still) expired.
pub fn sessions(connection: &Connection, keys: &[SessionKey], now: i64) -> Result<(), Failure> {
    let mut delete = connection.prepare_cached("DELETE FROM sessions WHERE uid = ?1 AND id = ?2 AND expires_at * 1000 < ?3")?;
    for (uid, id) in keys {
        delete.execute((uid, id, now))?;
    }
    Ok(())
}

/// Removes news of the gate: of tokens that have expired, and of users once no token can be older
/// than the change. The age of a change is measured by the database's own clock.
pub fn gate(connection: &Connection, now: i64) -> Result<bool, Failure> {
    let tokens = connection
        .prepare_cached(
            "DELETE FROM gate_changes WHERE seq IN
               (SELECT seq FROM gate_changes WHERE hash IS NOT NULL AND expires < ?1 LIMIT ?2)",
        )?
        .execute((now, PIECE))?;
    let users = connection
        .prepare_cached(
            "DELETE FROM gate_changes WHERE seq IN
               (SELECT seq FROM gate_changes WHERE kind = 'user' AND hash IS NULL
                  AND at < unixepoch() * 1000 - (SELECT longest * 1000 FROM token_lifetime) - 3600000 LIMIT ?1)",
        )?
        .execute([PIECE])?;
    Ok(tokens + users > 0)
}
