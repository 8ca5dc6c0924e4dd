//! `uni-id-log`.

use std::{borrow::Cow, fmt};

use lingpai_domain::{log::LogRow, store::RecentQuery};
use postgres_types::{Json, ToSql};
use serde_json::{Map, Value};

use super::{
    PostgresStore,
    along::deliveries,
    failure::Failure,
    statements::{column, only},
    text::storable,
};
use crate::document::LogParts;

/// The composite type `lingpai_log_row`.
#[derive(ToSql)]
#[postgres(name = "lingpai_log_row")]
pub struct LogColumns {
    id: String,
    r#type: Option<String>,
    ip: Option<String>,
    field: Option<String>,
    value: Option<String>,
    create_date: Option<i64>,
    state: Option<i64>,
    doc: Json<Map<String, Value>>,
}

impl fmt::Debug for LogColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogColumns").field("id", &self.id).finish_non_exhaustive()
    }
}

impl From<LogParts> for LogColumns {
    fn from(parts: LogParts) -> Self {
        let text = |text: Option<String>| text.map(|text| storable(&text).into_owned());
        Self {
            id: storable(&parts.id).into_owned(),
            r#type: text(parts.kind),
            ip: text(parts.ip),
            field: text(parts.field),
            value: text(parts.value),
            create_date: parts.create_date,
            state: parts.state,
            doc: Json(parts.doc),
        }
    }
}

impl From<&LogRow> for LogColumns {
    fn from(row: &LogRow) -> Self {
        LogParts::from(row).into()
    }
}

/// [`RecentQuery`] as columns hold it.
pub struct RecentColumns<'a> {
    pub kind: &'static str,
    pub ip: Cow<'a, str>,
    pub field: Cow<'a, str>,
    pub value: Cow<'a, str>,
    pub since: i64,
}

impl<'a> From<&'a RecentQuery> for RecentColumns<'a> {
    fn from(query: &'a RecentQuery) -> Self {
        Self {
            kind: query.kind.wire(),
            ip: storable(&query.ip),
            field: storable(query.field.wire()),
            value: storable(&query.value),
            since: query.since,
        }
    }
}

impl PostgresStore {
    pub(super) async fn log_failed_thrice(&self, recent: &RecentQuery) -> Result<bool, Failure> {
        let recent = RecentColumns::from(recent);
        let rows = self
            .read_by_key(
                "SELECT lingpai_failed_thrice($1, $2, $3, $4, $5)",
                &[&recent.kind, &recent.ip, &recent.field, &recent.value, &recent.since],
            )
            .await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn log_append(&self, row: &LogRow) -> Result<(), Failure> {
        if row.told.is_empty() {
            self.write("SELECT lingpai_append_log($1)", &[&LogColumns::from(row)]).await?;
        } else {
            let told = deliveries(&row.told);
            self.write("SELECT lingpai_then_tell('done', $2) FROM lingpai_append_log($1)", &[&LogColumns::from(row), &told]).await?;
        }
        Ok(())
    }

    pub(super) async fn log_put(&self, parts: LogParts) -> Result<(), Failure> {
        self.write("SELECT lingpai_put_log($1)", &[&LogColumns::from(parts)]).await?;
        Ok(())
    }
}
