//! Sweeping and the health check.

use super::{
    PostgresStore,
    failure::Failure,
    statements::{column, only},
};

/// Removes what is past its time, in portions so that no statement runs long. Every portion tells how
/// many rows it removed.
const SWEEP: &str = "SELECT lingpai_sweep($1, $2, $3, $4)";

/// Rows of each table that a portion removes at most.
const PORTION: i64 = 5000;

impl PostgresStore {
    pub(super) async fn sweep_expired(&self, now: i64, codes_before: i64, log_before: Option<i64>) -> Result<(), Failure> {
        loop {
            let rows = self.write(SWEEP, &[&now, &codes_before, &log_before, &PORTION]).await?;
            let most: i64 = column(&only(rows)?, 0)?;
            if most < PORTION {
                return Ok(());
            }
        }
    }

    /// One statement that reads and writes.
    pub(super) async fn check_liveness(&self) -> Result<(), Failure> {
        let rows = self.write("UPDATE health SET checks = checks + 1 RETURNING checks", &[]).await?;
        column::<i64>(&only(rows)?, 0)?;
        Ok(())
    }
}
