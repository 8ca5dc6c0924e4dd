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
    pub(super) async fn fleeting_nonce_use(&self, nonce: &str, expires: i64, now: i64) -> Result<bool, Failure> {
        let rows = self
            .write(
                "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS setting)
                INSERT INTO nonces (hash, expires) SELECT $1, $2 FROM relaxed WHERE setting = 'off'
                ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires WHERE nonces.expires <= $3 RETURNING expires",
                &[&Sha256::digest(nonce).as_slice(), &expires, &now],
            )
            .await?;
        Ok(!rows.is_empty())
    }

    pub(super) async fn nonce_hand_back(&self, nonce: &str, expires: i64) -> Result<(), Failure> {
        self.write("DELETE FROM nonces WHERE hash = $1 AND expires = $2", &[&Sha256::digest(nonce).as_slice(), &expires]).await?;
        Ok(())
    }
}
