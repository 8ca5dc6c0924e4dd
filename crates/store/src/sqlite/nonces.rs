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

/// See [`lingpai_domain::store::Store::end_lease`].
pub fn hand_back(connection: &Connection, nonce: &str, expires: i64) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM nonces WHERE hash = ?1 AND expires = ?2")?
        .execute((Sha256::digest(nonce).as_slice(), expires))?;
    Ok(())
}
