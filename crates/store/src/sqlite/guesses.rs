//! Guesses of a signed-in user's own secrets.

use lingpai_domain::store::{Guess, GuessKind};
use rusqlite::Connection;

use super::failure::Failure;

/// See [`lingpai_domain::store::Store::count_guess`].
pub fn count(connection: &Connection, guess: &Guess) -> Result<bool, Failure> {
    let Guess { uid, kind, now, lock } = guess;
    let counted = connection
        .prepare_cached(
            "INSERT INTO guesses AS g (uid, kind, count, ends_at) VALUES (?1, ?2, 1, ?3)
             ON CONFLICT (uid, kind) DO UPDATE
             SET count = CASE WHEN g.ends_at <= ?4 THEN 1 ELSE g.count + 1 END, ends_at = excluded.ends_at
             WHERE g.ends_at <= ?4 OR g.count < ?5",
        )?
        .execute((uid, kind.name(), now.saturating_add(lock.retry_ms), now, lock.limit))?;
    Ok(counted > 0)
}

/// Forgets them: a right one was among them.
pub fn forget(connection: &Connection, uid: &str, kind: GuessKind) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM guesses WHERE uid = ?1 AND kind = ?2")?.execute((uid, kind.name()))?;
    Ok(())
}
