//! Sweeping and the health check.

use super::{
    PostgresStore,
    failure::Failure,
    statements::{column, only},
};

/// Removes a portion of what is past its time, and tells of how many rows at most.
const SWEEP: &str = "SELECT lingpai_sweep($1, $2, $3, $4)";

/// Goes through a portion of the sessions, and tells where it ended.
const SWEEP_SESSIONS: &str = "SELECT p_uid, p_id FROM lingpai_sweep_sessions($1, $2, $3, $4)";

/// How many rows of a table a portion removes, or of the sessions looks at. Bounded, so that no
/// statement runs long.
const PORTION: i64 = 5000;

impl PostgresStore {
    pub(super) async fn sweep_expired(&self, now: i64, codes_before: i64, log_before: Option<i64>) -> Result<(), Failure> {
        loop {
            let rows = self.write(SWEEP, &[&now, &codes_before, &log_before, &PORTION]).await?;
            let most: i64 = column(&only(rows)?, 0)?;
            if most < PORTION {
                break;
            }
        }
        self.sweep_portions("SELECT lingpai_sweep_open_data($1, $2)", codes_before).await?;
        self.sweep_portions("SELECT lingpai_sweep_guesses($1, $2)", now).await?;
        self.sweep_portions("SELECT lingpai_sweep_app_sends($1, $2)", now).await?;
        let mut last = (String::new(), 0_i64);
        loop {
            let rows = self.write(SWEEP_SESSIONS, &[&now, &PORTION, &last.0, &last.1]).await?;
            let row = only(rows)?;
            let Some(uid) = column(&row, 0)? else {
                return Ok(());
            };
            last = (uid, column(&row, 1)?);
        }
    }

    /// Removes portion after portion of what is over at a time; `sweep` tells how many rows a portion had.
    async fn sweep_portions(&self, sweep: &'static str, at: i64) -> Result<(), Failure> {
        loop {
            let rows = self.write(sweep, &[&at, &PORTION]).await?;
            if column::<i64>(&only(rows)?, 0)? < PORTION {
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
