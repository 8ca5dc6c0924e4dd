//! The longest life that a token was ever given: how long news of the gate matter.

use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::Connection;

use super::failure::Failure;

/// What is known of it here, so that hardly any sign-in has to write it. Seconds.
#[derive(Debug, Default)]
pub struct Longest(AtomicI64);

impl Longest {
    /// The life of a token, if it is longer than any known before.
    pub fn exceeded_by(&self, issued_at: i64, expires_at: i64) -> Option<i64> {
        let life = expires_at.saturating_sub(issued_at);
        (life > self.0.load(Ordering::Relaxed)).then_some(life)
    }

    /// Remembers a life that is on disk now.
    pub fn remember(&self, life: Option<i64>) {
        if let Some(life) = life {
            self.0.fetch_max(life, Ordering::Relaxed);
        }
    }
}

/// Writes a new longest life.
pub fn store(connection: &Connection, life: Option<i64>) -> Result<(), Failure> {
    if let Some(life) = life {
        connection.prepare_cached("UPDATE token_lifetime SET longest = ?1 WHERE longest < ?1")?.execute([life])?;
    }
    Ok(())
}
