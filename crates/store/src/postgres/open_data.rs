//! `opendb-open-data`: credentials and other values with an end.

use super::{PostgresStore, failure::Failure, statements::column, text::storable};
use crate::document::{from_text, open_data};

impl PostgresStore {
    pub(super) async fn open_data_live(&self, key: &str, now: i64) -> Result<Option<(String, Option<i64>)>, Failure> {
        let sql = "SELECT doc::text FROM documents WHERE collection = $1 AND id = $2";
        let rows = self.read_by_key(sql, &[&open_data::COLLECTION, &storable(key)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(open_data::live_value(&from_text(column(row, 0)?)?, now))
    }
}
