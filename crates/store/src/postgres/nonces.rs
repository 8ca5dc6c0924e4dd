//! Nonces of signed requests, and leases: nonces that can be handed back.

use sha2::{Digest, Sha256};

use super::{PostgresStore, failure::Failure};

impl PostgresStore {
    pub(super) async fn nonce_use(&self, nonce: &str, expires: i64, now: i64) -> Result<bool, Failure> {
        let rows = self
            .write(
                "INSERT INTO nonces (hash, expires) VALUES ($1, $2)
                ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires WHERE nonces.expires <= $3 RETURNING expires",
                &[&Sha256::digest(nonce).as_slice(), &expires, &now],
            )
            .await?;
        Ok(!rows.is_empty())
    }

    /// The setting holds for this statement's transaction only; its value is asked for so that it is not left out of the plan.
    /// In the order of the hashes, so that of two callers with the same nonces one waits for the other at the first.
    pub(super) async fn fleeting_nonces_use(&self, nonces: &[String], expires: i64, now: i64) -> Result<bool, Failure> {
        let hashes: Vec<Vec<u8>> = nonces.iter().map(|nonce| Sha256::digest(nonce).to_vec()).collect();
        let rows = self
            .write(
                "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS setting)
                INSERT INTO nonces (hash, expires)
                SELECT n.hash, $2 FROM unnest($1::bytea[]) AS n (hash), relaxed WHERE setting = 'off' ORDER BY n.hash
                ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires WHERE nonces.expires <= $3 RETURNING expires",
                &[&hashes, &expires, &now],
            )
            .await?;
        Ok(rows.len() == nonces.len())
    }

    /// In the order of their hashes, so that two nodes that record the same ones do not wait for each other.
    pub(super) async fn nonces_remember(&self, nonces: &[(String, i64)]) -> Result<(), Failure> {
        let hashes: Vec<Vec<u8>> = nonces.iter().map(|(nonce, _)| Sha256::digest(nonce).to_vec()).collect();
        let ends: Vec<i64> = nonces.iter().map(|(_, expires)| *expires).collect();
        self.write(
            "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS setting)
            INSERT INTO nonces (hash, expires)
            SELECT n.hash, max(n.expires) FROM unnest($1::bytea[], $2::bigint[]) AS n (hash, expires), relaxed WHERE setting = 'off'
            GROUP BY n.hash ORDER BY n.hash
            ON CONFLICT (hash) DO UPDATE SET expires = greatest(nonces.expires, excluded.expires)",
            &[&hashes, &ends],
        )
        .await?;
        Ok(())
    }

    pub(super) async fn nonces_live(&self, now: i64, limit: usize) -> Result<Vec<(Vec<u8>, i64)>, Failure> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.read("SELECT hash, expires FROM nonces WHERE expires > $1 LIMIT $2", &[&now, &limit]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    pub(super) async fn nonce_hand_back(&self, nonce: &str, expires: i64) -> Result<(), Failure> {
        self.write("DELETE FROM nonces WHERE hash = $1 AND expires = $2", &[&Sha256::digest(nonce).as_slice(), &expires]).await?;
        Ok(())
    }
}
