//! Captchas.

use lingpai_domain::{
    secret,
    store::{CaptchaGuess, CaptchaOutcome, NewCaptcha},
};
use rusqlite::{Connection, OptionalExtension};

use super::{codes, failure::Failure};
use crate::document::CodeParts;

/// See [`lingpai_domain::store::Store::issue_captcha`].
pub fn issue(connection: &Connection, captcha: &NewCaptcha) -> Result<(), Failure> {
    codes::insert(connection, &CodeParts::from(captcha))
}

/// See [`lingpai_domain::store::Store::refresh_captcha`].
pub fn refresh(connection: &Connection, captcha: &NewCaptcha) -> Result<bool, Failure> {
    let mut newest = connection.prepare_cached(
        "SELECT seq FROM codes WHERE kind = 'captcha' AND target = ?1 AND scene = ?2 ORDER BY created_date DESC, seq DESC LIMIT 1",
    )?;
    let seq: Option<i64> = newest.query_row((&captcha.device_id, &captcha.scene), |row| row.get(0)).optional()?;
    let Some(seq) = seq else { return Ok(false) };
    connection.prepare_cached("UPDATE codes SET state = 2 WHERE seq = ?1 AND state = 0")?.execute([seq])?;
    issue(connection, captcha)?;
    Ok(true)
}

/// See [`lingpai_domain::store::Store::consume_captcha`].
pub fn consume(connection: &Connection, guess: &CaptchaGuess) -> Result<CaptchaOutcome, Failure> {
    // Five at a time: else somebody could ask for a thousand pictures and guess at all of them.
    let live = unused(
        connection,
        "SELECT seq, COALESCE(code, '') FROM codes
         WHERE kind = 'captcha' AND target = ?1 AND scene = ?2 AND state = 0 AND expired_date >= ?3
         ORDER BY created_date DESC, seq DESC LIMIT 5",
        guess,
    )?;
    if let Some((seq, _)) = live.iter().find(|(_, code)| matches(code, &guess.code)) {
        codes::use_up(connection, *seq)?;
        return Ok(CaptchaOutcome::Right);
    }
    let expired = unused(
        connection,
        "SELECT seq, COALESCE(code, '') FROM codes
         WHERE kind = 'captcha' AND target = ?1 AND scene = ?2 AND state = 0 AND expired_date < ?3
         ORDER BY created_date DESC, seq DESC LIMIT 5",
        guess,
    )?;
    if expired.iter().any(|(_, code)| matches(code, &guess.code)) {
        return Ok(CaptchaOutcome::Overdue);
    }
    for (seq, _) in live {
        codes::count_guess(connection, seq, guess.max_guesses)?;
    }
    Ok(CaptchaOutcome::Wrong)
}

fn unused(connection: &Connection, sql: &str, guess: &CaptchaGuess) -> Result<Vec<(i64, String)>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((&guess.device_id, &guess.scene, guess.now), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn matches(stored: &str, typed: &str) -> bool {
    !stored.is_empty() && secret::equal(stored.to_ascii_lowercase().as_bytes(), typed.to_ascii_lowercase().as_bytes())
}
