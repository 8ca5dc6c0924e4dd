//! Documents of `uni-id-log`.

use lingpai_domain::log::{LogRow, LogSubject};
use serde_json::{Map, Value};

use super::{InvalidDocument, id, text};

/// A row of the log taken apart into columns.
#[derive(Clone, Debug)]
pub struct LogParts {
    /// `_id`
    pub id: String,
    /// `type`
    pub kind: Option<String>,
    /// `ip`
    pub ip: Option<String>,
    /// Under which field an identifier stands.
    pub field: Option<String>,
    /// The identifier.
    pub value: Option<String>,
    /// `create_date`, milliseconds.
    pub create_date: Option<i64>,
    /// `state`
    pub state: Option<i64>,
    /// The whole document.
    pub doc: Map<String, Value>,
}

impl LogParts {
    /// An imported document. If it has several identifiers the first of username, mobile and email
    /// counts.
    ///
    /// # Errors
    /// If `_id` is not a text.
    pub fn new(doc: &Map<String, Value>) -> Result<Self, InvalidDocument> {
        let identifier = ["username", "mobile", "email"].into_iter().find_map(|field| Some((field.to_owned(), text(doc, field)?)));
        let (field, value) = identifier.unzip();
        Ok(Self {
            id: id(doc)?.to_owned(),
            kind: text(doc, "type"),
            ip: text(doc, "ip"),
            field,
            value,
            create_date: doc.get("create_date").and_then(Value::as_i64),
            state: doc.get("state").and_then(Value::as_i64),
            doc: doc.clone(),
        })
    }
}

impl From<&LogRow> for LogParts {
    fn from(row: &LogRow) -> Self {
        let (field, value) = match &row.subject {
            LogSubject::Identifier(kind, value) => (Some(kind.wire().to_owned()), Some(value.clone())),
            LogSubject::User(_) | LogSubject::Nobody => (None, None),
        };
        Self {
            id: row.id.clone(),
            kind: Some(row.kind.wire().to_owned()),
            ip: Some(row.ip.clone()),
            field,
            value,
            create_date: Some(row.create_date),
            state: Some(i64::from(row.success)),
            doc: row.to_document(),
        }
    }
}
