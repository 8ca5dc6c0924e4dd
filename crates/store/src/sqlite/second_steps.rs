//! Second steps of signing in.

use lingpai_domain::{
    account::SECOND_STEP_FIELD,
    store::{AuditRow, GuessKind, SecondStepAnswer, SecondStepOutcome, SecondStepTry, StoredSecondStep},
};
use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::{along, failure::Failure, guesses, nonces, users};

/// See [`lingpai_domain::store::Store::second_step`].
pub fn find(connection: &Connection, uid: &str) -> Result<Option<StoredSecondStep>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT secret, confirmed, (SELECT COUNT(*) FROM recovery_codes r WHERE r.uid = s.uid) FROM second_steps s WHERE uid = ?1",
    )?;
    let found =
        statement.query_row([uid], |row| Ok(StoredSecondStep { secret: row.get(0)?, confirmed: row.get(1)?, recovery_codes: row.get(2)? }));
    Ok(found.optional()?)
}

/// See [`lingpai_domain::store::Store::begin_second_step`].
pub fn begin(connection: &Connection, uid: &str, secret: &[u8], now: i64) -> Result<bool, Failure> {
    let begun = connection
        .prepare_cached(
            "INSERT INTO second_steps (uid, secret, created_at) SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1)
             ON CONFLICT (uid) DO UPDATE SET secret = ?2, created_at = ?3, failures = 0 WHERE NOT confirmed",
        )?
        .execute((uid, secret, now))?;
    if begun > 0 {
        guesses::forget(connection, uid, GuessKind::Password)?;
    }
    Ok(begun > 0)
}

/// See [`lingpai_domain::store::Store::confirm_second_step`].
pub fn confirm(connection: &Connection, uid: &str, secret: &[u8], step: i64, recovery: &[[u8; 32]]) -> Result<bool, Failure> {
    let confirmed = connection
        .prepare_cached(
            "UPDATE second_steps SET confirmed = 1, last_step = ?3, failures = 0 WHERE uid = ?1 AND NOT confirmed AND secret = ?2",
        )?
        .execute((uid, secret, step))?;
    if confirmed == 0 {
        return Ok(false);
    }
    put_recovery_codes(connection, uid, recovery)?;
    guesses::forget(connection, uid, GuessKind::Totp)?;
    users::set_fields(connection, uid, None, &[(SECOND_STEP_FIELD, json!(["totp"]))])?;
    Ok(true)
}

/// See [`lingpai_domain::store::Store::try_second_step`].
pub fn attempt(connection: &Connection, attempt: &SecondStepTry) -> Result<SecondStepOutcome, Failure> {
    let uid = &attempt.uid;
    if let Some(ticket) = &attempt.ticket
        && nonces::is_used(connection, &ticket.nonce, ticket.now)?
    {
        return Ok(SecondStepOutcome::TicketUsed);
    }
    let mut select = connection.prepare_cached("SELECT last_step, failures, failed_at FROM second_steps WHERE uid = ?1 AND confirmed")?;
    let stored = select.query_row([uid], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))).optional()?;
    let Some((last_step, failures, failed_at)) = stored else { return Ok(SecondStepOutcome::Gone) };
    let failures = if failed_at <= attempt.now.saturating_sub(attempt.lock.retry_ms) { 0 } else { failures };
    if failures >= attempt.lock.limit {
        return Ok(SecondStepOutcome::Locked);
    }
    let is_right = match attempt.answer {
        SecondStepAnswer::Step(step) if step > last_step => {
            connection.prepare_cached("UPDATE second_steps SET last_step = ?2 WHERE uid = ?1")?.execute((uid, step))? > 0
        }
        SecondStepAnswer::Recovery(hash) => {
            connection.prepare_cached("DELETE FROM recovery_codes WHERE uid = ?1 AND hash = ?2")?.execute((uid, hash))? > 0
        }
        SecondStepAnswer::Step(_) | SecondStepAnswer::Wrong => false,
    };
    if is_right {
        connection.prepare_cached("UPDATE second_steps SET failures = 0 WHERE uid = ?1")?.execute([uid])?;
        if let Some(ticket) = &attempt.ticket {
            nonces::use_up(connection, &ticket.nonce, ticket.expires, ticket.now)?;
        }
        return Ok(SecondStepOutcome::Right);
    }
    connection.prepare_cached("UPDATE second_steps SET failures = ?2, failed_at = ?3 WHERE uid = ?1")?.execute((
        uid,
        failures + 1,
        attempt.now,
    ))?;
    Ok(SecondStepOutcome::Wrong)
}

/// See [`lingpai_domain::store::Store::replace_recovery_codes`].
pub fn replace_recovery_codes(connection: &Connection, uid: &str, recovery: &[[u8; 32]]) -> Result<bool, Failure> {
    let mut known = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM second_steps WHERE uid = ?1 AND confirmed)")?;
    if !known.query_row([uid], |row| row.get::<_, bool>(0))? {
        return Ok(false);
    }
    put_recovery_codes(connection, uid, recovery)?;
    Ok(true)
}

/// See [`lingpai_domain::store::Store::replace_second_step_secret`].
pub fn replace_secret(connection: &Connection, uid: &str, secret: &[u8], other: &[u8]) -> Result<bool, Failure> {
    let mut update = connection.prepare_cached("UPDATE second_steps SET secret = ?3 WHERE uid = ?1 AND secret = ?2")?;
    let replaced = update.execute((uid, secret, other))? > 0;
    if replaced {
        put_recovery_codes(connection, uid, &[])?;
    }
    Ok(replaced)
}

/// See [`lingpai_domain::store::Store::remove_second_step`].
pub fn remove(connection: &Connection, uid: &str, audit: Option<&AuditRow>) -> Result<bool, Failure> {
    connection.prepare_cached("DELETE FROM recovery_codes WHERE uid = ?1")?.execute([uid])?;
    if connection.prepare_cached("DELETE FROM second_steps WHERE uid = ?1")?.execute([uid])? == 0 {
        return Ok(false);
    }
    users::set_fields(connection, uid, None, &[(SECOND_STEP_FIELD, json!([]))])?;
    if let Some(row) = audit {
        along::audit(connection, row)?;
    }
    Ok(true)
}

fn put_recovery_codes(connection: &Connection, uid: &str, recovery: &[[u8; 32]]) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM recovery_codes WHERE uid = ?1")?.execute([uid])?;
    let mut insert = connection.prepare_cached("INSERT INTO recovery_codes (uid, hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for hash in recovery {
        insert.execute((uid, hash))?;
    }
    Ok(())
}
