//! What is written along with other operations, and deliveries to webhooks.

use std::fmt;

use lingpai_domain::store::{AccountEdit, AuditRow, DeliveriesTo, DueDelivery, NewDelivery, UserUpdated};
use postgres_types::{Json, ToSql};

use super::{
    PostgresStore,
    failure::Failure,
    invitations::inviters,
    log::LogColumns,
    sessions::{IdentityColumns, outcome},
    statements::column,
    text::{original, storable},
};
use crate::document::UserParts;

/// The composite type `lingpai_delivery`.
#[derive(ToSql)]
#[postgres(name = "lingpai_delivery")]
pub(super) struct DeliveryColumns {
    id: String,
    target: String,
    body: String,
    created_at: i64,
}

impl fmt::Debug for DeliveryColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryColumns").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Deliveries as an array of `lingpai_delivery`.
pub(super) fn deliveries(told: &[NewDelivery]) -> Vec<DeliveryColumns> {
    let columns = |delivery: &NewDelivery| DeliveryColumns {
        id: storable(&delivery.id).into_owned(),
        target: storable(&delivery.target).into_owned(),
        body: storable(&delivery.body).into_owned(),
        created_at: delivery.created_at,
    };
    told.iter().map(columns).collect()
}

const EDIT_ACCOUNT: &str = "
    SELECT lingpai_then_tell(lingpai_then_audit(lingpai_then_forget_guesses(lingpai_then_void_tokens(
        lingpai_update_user($1, $2, $3, $4, $5, $6, $7, $8), $1, $9),
        $1, CASE WHEN $9 IS NOT NULL THEN 'password' END), $10, $11), $12)";

impl PostgresStore {
    pub(super) async fn account_edit(&self, edit: &AccountEdit) -> Result<UserUpdated, Failure> {
        let mut doc = edit.update.doc.clone();
        if let Some(password) = &edit.password {
            doc.insert("password".into(), password.password.clone().into());
            doc.extend(password.version.map(|version| ("password_secret_version".to_owned(), version.into())));
        }
        let parts = UserParts::of_update(&edit.update.uid, &doc)?;
        let identities: Vec<_> = parts.identities.iter().map(IdentityColumns::from).collect();
        let on_taken = edit.update.on_taken.as_ref().map(LogColumns::from);
        let answer = self
            .write(
                EDIT_ACCOUNT,
                &[
                    &storable(&parts.id),
                    &edit.update.revision,
                    &Json(&parts.doc),
                    &identities,
                    &inviters(&parts),
                    &edit.update.identity_card_digest.as_deref().map(storable),
                    &edit.update.log.as_ref().map(LogColumns::from),
                    &on_taken,
                    &edit.password.as_ref().map(|password| password.valid_token_date),
                    &edit.audit.as_ref().map(|row| storable(&row.id)),
                    &edit.audit.as_ref().map(|row| Json(&row.doc)),
                    &deliveries(&edit.told),
                ],
            )
            .await;
        match answer {
            Ok(rows) => outcome(rows),
            // The locks keep this from happening between two of us; rows written by hand take no lock.
            Err(failure) if failure.violates("identities_") => {
                if on_taken.is_some() {
                    self.write("SELECT lingpai_append_log($1)", &[&on_taken]).await?;
                }
                Ok(UserUpdated::Taken)
            }
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn user_remove(&self, uid: &str, audit: Option<&AuditRow>) -> Result<bool, Failure> {
        let rows = self
            .write(
                "WITH gone AS (DELETE FROM users WHERE id = $1 RETURNING id), audited AS (
                    INSERT INTO documents (collection, id, doc) SELECT 'lingpai-audit', $2::text, $3::json FROM gone WHERE $2::text IS NOT NULL
                )
                SELECT id FROM gone",
                &[&storable(uid), &audit.map(|row| storable(&row.id)), &audit.map(|row| Json(&row.doc))],
            )
            .await?;
        Ok(!rows.is_empty())
    }

    pub(super) async fn deliveries_take(
        &self,
        to: &DeliveriesTo,
        now: i64,
        busy_until: i64,
        most: u32,
    ) -> Result<Vec<DueDelivery>, Failure> {
        let (one, others) = match to {
            DeliveriesTo::One(target) => (Some(storable(target)), Vec::new()),
            DeliveriesTo::NoneOf(targets) => (None, targets.iter().map(|target| storable(target)).collect()),
        };
        let rows = self
            .write(
                "SELECT r_id, r_target, r_body, r_created_at, r_attempts FROM lingpai_take_deliveries_to($1, $2, $3, $4, $5)",
                &[&one, &others, &now, &busy_until, &i64::from(most)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let text = |place| column(row, place).map(original);
                let delivery = NewDelivery { id: text(0)?, target: text(1)?, body: text(2)?, created_at: column(row, 3)? };
                Ok(DueDelivery { delivery, attempts: column(row, 4)? })
            })
            .collect()
    }

    pub(super) async fn delivery_finish(&self, id: &str) -> Result<(), Failure> {
        self.write("DELETE FROM deliveries WHERE id = $1", &[&storable(id)]).await?;
        Ok(())
    }

    pub(super) async fn delivery_postpone(&self, id: &str, due_at: i64) -> Result<(), Failure> {
        self.write("UPDATE deliveries SET due_at = $2 WHERE id = $1", &[&storable(id), &due_at]).await?;
        Ok(())
    }

    pub(super) async fn audit_sweep(&self, before: i64) -> Result<(), Failure> {
        loop {
            let rows = self
                .write(
                    "DELETE FROM documents WHERE collection = 'lingpai-audit' AND id = ANY (ARRAY(
                        SELECT id FROM documents
                        WHERE collection = 'lingpai-audit' AND lingpai_integer(lingpai_readable(doc) -> 'create_date') < $1 LIMIT 5000
                    )) RETURNING true",
                    &[&before],
                )
                .await?;
            if rows.len() < 5000 {
                return Ok(());
            }
        }
    }
}
