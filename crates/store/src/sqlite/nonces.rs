//! Nonces of signed requests, and leases: nonces that can be handed back.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::failure::Failure;

/// See [`lingpai_domain::store::Store::use_nonce`].
pub fn use_up(connection: &Connection, nonce: &str, expires: i64, now: i64) -> Result<bool, Failure> {
    let used = connection
        .prepare_cached(
            "INSERT INTO nonces (hash, expires) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE SET expires = ?2 WHERE expires <= ?3",
        )?
        .execute((Sha256::digest(nonce).as_slice(), expires, now))?;
    Ok(used > 0)
}

/// Whether a nonce is used up and still counts.
pub fn is_used(connection: &Connection, nonce: &str, now: i64) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM nonces WHERE hash = ?1 AND expires > ?2)")?;
    Ok(statement.query_row((Sha256::digest(nonce).as_slice(), now), |row| row.get(0))?)
}

/// See [`lingpai_domain::store::Store::use_fleeting_nonces`].
pub fn use_up_all(connection: &Connection, nonces: &[String], expires: i64, now: i64) -> Result<bool, Failure> {
    let mut all = true;
    for nonce in nonces {
        all &= use_up(connection, nonce, expires, now)?;
    }
    Ok(all)
}

/// See [`lingpai_domain::store::Store::remember_nonces`].
pub fn remember(connection: &Connection, nonces: &[(String, i64)]) -> Result<(), Failure> {
    let mut statement = connection
        .prepare_cached("INSERT INTO nonces (hash, expires) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE SET expires = max(expires, ?2)")?;
    for (nonce, expires) in nonces {
        statement.execute((Sha256::digest(nonce).as_slice(), expires))?;
    }
    Ok(())
}

/// See [`lingpai_domain::store::Store::live_nonces`].
pub fn live(connection: &Connection, now: i64, limit: usize) -> Result<Vec<(Vec<u8>, i64)>, Failure> {
    let mut statement = connection.prepare_cached("SELECT hash, expires FROM nonces WHERE expires > ?1 LIMIT ?2")?;
    let rows = statement.query_map((now, i64::try_from(limit).unwrap_or(i64::MAX)), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// See [`lingpai_domain::store::Store::end_lease`].
pub fn hand_back(connection: &Connection, nonce: &str, expires: i64) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM nonces WHERE hash = ?1 AND expires = ?2")?
        .execute((Sha256::digest(nonce).as_slice(), expires))?;
    Ok(())
}
