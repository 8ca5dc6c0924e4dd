//! Second steps of signing in.

use lingpai_domain::{
    account::SECOND_STEP_FIELD,
    store::{AuditRow, SecondStepAnswer, SecondStepOutcome, SecondStepTry, StoredSecondStep},
};
use postgres_types::Json;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    PostgresStore,
    failure::Failure,
    sessions::outcome,
    statements::{column, only},
    text::storable,
};

fn digests(recovery: &[[u8; 32]]) -> Vec<&[u8]> {
    recovery.iter().map(<[u8; 32]>::as_slice).collect()
}

impl PostgresStore {
    pub(super) async fn second_step_find(&self, uid: &str) -> Result<Option<StoredSecondStep>, Failure> {
        let rows = self
            .read(
                "SELECT secret, confirmed, (SELECT count(*) FROM recovery_codes AS r WHERE r.uid = s.uid)
                FROM second_steps AS s WHERE uid = $1",
                &[&storable(uid)],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let recovery_codes = u32::try_from(column::<i64>(row, 2)?).unwrap_or(u32::MAX);
        Ok(Some(StoredSecondStep { secret: column(row, 0)?, confirmed: column(row, 1)?, recovery_codes }))
    }

    pub(super) async fn second_step_begin(&self, uid: &str, secret: &[u8], now: i64) -> Result<bool, Failure> {
        let rows = self
            .write(
                "SELECT lingpai_then_forget_guesses(lingpai_begin_second_step($1, $2, $3), $1, 'password')",
                &[&storable(uid), &secret, &now],
            )
            .await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn second_step_confirm(&self, uid: &str, secret: &[u8], step: i64, recovery: &[[u8; 32]]) -> Result<bool, Failure> {
        let mark = Json(json!({ SECOND_STEP_FIELD: ["totp"] }));
        let rows = self
            .write(
                "SELECT lingpai_then_forget_guesses(lingpai_confirm_second_step($1, $2, $3, $4, $5), $1, 'totp')",
                &[&storable(uid), &secret, &step, &digests(recovery), &mark],
            )
            .await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn second_step_try(&self, attempt: &SecondStepTry) -> Result<SecondStepOutcome, Failure> {
        let (step, recovery) = match &attempt.answer {
            SecondStepAnswer::Step(step) => (Some(*step), None),
            SecondStepAnswer::Recovery(hash) => (None, Some(hash.as_slice())),
            SecondStepAnswer::Wrong => (None, None),
        };
        let rows = self
            .write(
                "SELECT lingpai_answer_second_step($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &storable(&attempt.uid),
                    &step,
                    &recovery,
                    &attempt.now,
                    &attempt.lock.limit,
                    &attempt.lock.retry_ms,
                    &attempt.ticket.as_ref().map(|ticket| Sha256::digest(&ticket.nonce).to_vec()),
                    &attempt.ticket.as_ref().map(|ticket| ticket.expires),
                ],
            )
            .await?;
        outcome(rows)
    }

    pub(super) async fn second_step_replace_recovery(&self, uid: &str, recovery: &[[u8; 32]]) -> Result<bool, Failure> {
        let rows = self.write("SELECT lingpai_replace_recovery_codes($1, $2)", &[&storable(uid), &digests(recovery)]).await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn second_step_replace_secret(&self, uid: &str, secret: &[u8], other: &[u8]) -> Result<bool, Failure> {
        let rows = self.write("SELECT lingpai_replace_second_step_secret($1, $2, $3)", &[&storable(uid), &secret, &other]).await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn second_step_remove(&self, uid: &str, audit: Option<&AuditRow>) -> Result<bool, Failure> {
        let mark = Json(json!({ SECOND_STEP_FIELD: [] }));
        let rows = self
            .write(
                "SELECT r, lingpai_then_audit(CASE WHEN r THEN 'done' END, $3, $4) FROM lingpai_remove_second_step($1, $2) AS r",
                &[&storable(uid), &mark, &audit.map(|row| storable(&row.id)), &audit.map(|row| Json(&row.doc))],
            )
            .await?;
        column(&only(rows)?, 0)
    }
}
