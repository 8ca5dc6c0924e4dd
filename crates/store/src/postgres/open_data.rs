//! `opendb-open-data`: credentials and other values with an end.

use postgres_types::Json;
use serde_json::{Map, Value, json};

use super::{PostgresStore, failure::Failure, statements::column, text::storable};
use crate::document::{from_text, open_data};

impl PostgresStore {
    /// A document by collection and `_id`.
    pub(super) async fn document(&self, collection: &str, id: &str) -> Result<Option<Map<String, Value>>, Failure> {
        let rows =
            self.read_by_key("SELECT doc::text FROM documents WHERE collection = $1 AND id = $2", &[&collection, &storable(id)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(from_text(column(row, 0)?)?))
    }

    pub(super) async fn open_data_live(&self, key: &str, now: i64) -> Result<Option<(String, Option<i64>)>, Failure> {
        Ok(self.document(open_data::COLLECTION, key).await?.and_then(|doc| open_data::live_value(&doc, now)))
    }

    /// The value is compared as the text of its JSON, which `lingpai_text_member` reads as [`storable`] writes.
    pub(super) async fn open_data_replace(&self, key: &str, expected: Option<&str>, new: &Map<String, Value>) -> Result<bool, Failure> {
        let key = storable(key);
        let rows = match expected {
            None => {
                let sql =
                    "INSERT INTO documents (collection, id, doc) VALUES ('opendb-open-data', $1, $2) ON CONFLICT DO NOTHING RETURNING seq";
                self.write(sql, &[&key, &Json(new)]).await?
            }
            Some(expected) => {
                let sql = "UPDATE documents SET doc = $2
                    WHERE collection = 'opendb-open-data' AND id = $1 AND lingpai_text_member(doc, 'value') = $3 RETURNING seq";
                self.write(sql, &[&key, &Json(new), &storable(expected)]).await?
            }
        };
        Ok(!rows.is_empty())
    }

    pub(super) async fn assertion_counter_raise(&self, id: &str, counter: u32) -> Result<bool, Failure> {
        let rows = self
            .write(
                "UPDATE documents SET doc = lingpai_with(doc, $2) WHERE collection = 'opendb-app-client-key' AND id = $1
                AND coalesce(lingpai_integer(lingpai_readable(doc) -> 'assertion_counter'), 0) < $3 RETURNING seq",
                &[&storable(id), &Json(json!({"assertion_counter": counter})), &i64::from(counter)],
            )
            .await?;
        Ok(!rows.is_empty())
    }
}
