//! Verification of real names: `opendb-frv-logs`, and how many users share an identity card.

use postgres_types::Json;
use serde_json::{Map, Value, json};

use super::{
    PostgresStore,
    failure::Failure,
    statements::{column, only},
    text::storable,
};
use crate::document::{from_text, id, text};

impl PostgresStore {
    pub(super) async fn frv_find(&self, certify_id: &str) -> Result<Option<Map<String, Value>>, Failure> {
        let rows = self
            .read(
                "SELECT doc::text FROM documents
                WHERE collection = 'opendb-frv-logs' AND lingpai_key(lingpai_text_member(doc, 'certify_id')) = lingpai_key($1)
                    AND lingpai_text_member(doc, 'certify_id') = $1
                ORDER BY seq LIMIT 1",
                &[&storable(certify_id)],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(from_text(column(row, 0)?)?))
    }

    pub(super) async fn frv_add(&self, doc: &Map<String, Value>, limit_per_day: Option<(i64, u32)>) -> Result<bool, Failure> {
        let rows = self
            .write(
                "SELECT lingpai_add_frv_log($1, $2, $3, $4, $5)",
                &[
                    &storable(id(doc)?),
                    &text(doc, "user_id").as_deref().map(storable),
                    &Json(doc),
                    &limit_per_day.map(|(since, _)| since),
                    &limit_per_day.map(|(_, count)| i64::from(count)),
                ],
            )
            .await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn frv_finish(&self, certify_id: &str, from_status: i64, to_status: i64) -> Result<bool, Failure> {
        let changes = Json(json!({"status": to_status}));
        let rows = self.write("SELECT lingpai_finish_frv($1, $2, $3)", &[&storable(certify_id), &from_status, &changes]).await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn identity_card_count(&self, digest: &str) -> Result<u64, Failure> {
        let rows = self.read("SELECT count(*) FROM identity_cards WHERE digest = $1", &[&storable(digest)]).await?;
        Ok(column::<i64>(&only(rows)?, 0)?.unsigned_abs())
    }
}
