//! Codes sent by SMS and mail.

use lingpai_domain::{
    secret,
    store::{CodeGuess, GuessOutcome, Issued, NewCode, SendLimit, SendScope},
};
use rusqlite::{Connection, OptionalExtension};

use super::{app_sends, failure::Failure, log};
use crate::document::{self, CodeParts, code_kind};

/// See [`lingpai_domain::store::Store::issue_code`].
pub fn issue(connection: &Connection, code: &NewCode) -> Result<Issued, Failure> {
    let (of_app, others) = code.limits_by_application();
    for limit in of_app.iter().chain(&others) {
        if let Some(retry_after_ms) = retry_after(connection, code, limit)? {
            return Ok(Issued::TooMany { scope: limit.scope, retry_after_ms });
        }
    }
    connection
        .prepare_cached("UPDATE codes SET state = 2 WHERE kind = ?1 AND target = ?2 AND scene = ?3 AND state = 0 AND expired_date > ?4")?
        .execute((code_kind(&code.target), code.target.value(), &code.scene, code.created_date))?;
    insert(connection, &CodeParts::from(code))?;
    app_sends::count(connection, code, &of_app)?;
    Ok(Issued::Done)
}

/// Milliseconds until a limit lets another code through, if it does not now.
fn retry_after(connection: &Connection, code: &NewCode, limit: &SendLimit) -> Result<Option<i64>, Failure> {
    let (sql, key) = match limit.scope {
        SendScope::Target => (
            "SELECT created_date FROM codes WHERE kind = ?1 AND target = ?2 AND created_date > ?3
             ORDER BY created_date DESC LIMIT 1 OFFSET ?4",
            Some(code.target.value()),
        ),
        SendScope::Device => (
            "SELECT created_date FROM codes WHERE kind = ?1 AND device_id = ?2 AND created_date > ?3
             ORDER BY created_date DESC LIMIT 1 OFFSET ?4",
            code.device_id.as_deref(),
        ),
        SendScope::Ip => (
            "SELECT created_date FROM codes WHERE kind = ?1 AND ip = ?2 AND created_date > ?3
             ORDER BY created_date DESC LIMIT 1 OFFSET ?4",
            Some(code.ip.as_str()),
        ),
        SendScope::App => return app_sends::retry_after(connection, code, limit),
    };
    // A client that names no device is counted by the other two.
    let Some(key) = key else { return Ok(None) };
    let Some(skip) = limit.count.checked_sub(1) else { return Ok(Some(limit.window_ms)) };
    let since = code.created_date.saturating_sub(limit.window_ms);
    // The oldest of the newest `count`: when it leaves the window, another one fits.
    let oldest: Option<i64> =
        connection.prepare_cached(sql)?.query_row((code_kind(&code.target), key, since, skip), |row| row.get(0)).optional()?;
    Ok(oldest.map(|oldest| oldest.saturating_sub(since)))
}

/// See [`lingpai_domain::store::Store::withdraw_code`].
pub fn withdraw(connection: &Connection, id: &str) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM codes WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// See [`lingpai_domain::store::Store::consume_code`].
pub fn consume(connection: &Connection, guess: &CodeGuess) -> Result<GuessOutcome, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, COALESCE(code, '') FROM codes WHERE kind = ?1 AND target = ?2 AND scene = ?3 AND state = 0 AND expired_date > ?4
         ORDER BY created_date DESC, seq DESC",
    )?;
    let live = statement
        .query_map((code_kind(&guess.target), guess.target.value(), &guess.scene, guess.now), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, String)>, _>>()?;
    if let Some((seq, _)) = live.iter().find(|(_, code)| !code.is_empty() && secret::equal(code.as_bytes(), guess.code.as_bytes())) {
        use_up(connection, *seq)?;
        return Ok(GuessOutcome::Right);
    }
    for (seq, _) in live {
        count_guess(connection, seq, guess.max_guesses)?;
    }
    if let Some(row) = &guess.on_wrong {
        log::append(connection, row)?;
    }
    Ok(GuessOutcome::Wrong)
}

/// Marks a code or captcha as used.
pub fn use_up(connection: &Connection, seq: i64) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE codes SET state = 1 WHERE seq = ?1")?.execute([seq])?;
    Ok(())
}

/// Counts a wrong guess; with the last one the code or captcha is void.
pub fn count_guess(connection: &Connection, seq: i64, max_guesses: u32) -> Result<(), Failure> {
    connection
        .prepare_cached("UPDATE codes SET guesses = guesses + 1, state = CASE WHEN guesses + 1 >= ?2 THEN 2 ELSE state END WHERE seq = ?1")?
        .execute((seq, max_guesses))?;
    Ok(())
}

/// Inserts or replaces a row.
pub fn insert(connection: &Connection, parts: &CodeParts) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO codes (id, kind, target, scene, code, state, ip, device_id, created_date, expired_date, extra)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (id) DO UPDATE SET kind = ?2, target = ?3, scene = ?4, code = ?5, state = ?6, guesses = 0, ip = ?7,
               created_date = ?9, expired_date = ?10, extra = ?11",
        )?
        .execute((
            &parts.id,
            &parts.kind,
            &parts.target,
            &parts.scene,
            &parts.code,
            parts.state,
            &parts.ip,
            &parts.device_id,
            parts.created_date,
            parts.expired_date,
            parts.extra.as_ref().map(document::to_text).transpose()?,
        ))?;
    Ok(())
}
