//! Documents of `opendb-verify-codes`.

use lingpai_domain::store::{CodeTarget, NewCaptcha, NewCode};
use serde_json::{Map, Value};

use super::{InvalidDocument, id, take_integer, take_text};

/// A code or captcha taken apart into columns. No `Debug`: live codes are secrets.
#[derive(Clone, Default, PartialEq)]
pub struct CodeParts {
    /// `_id`
    pub id: String,
    /// `captcha`, `mobile`, `email`, or empty for a document that is none of these.
    pub kind: String,
    /// `device_uuid`, `mobile` or `email`.
    pub target: Option<String>,
    /// `scene`
    pub scene: Option<String>,
    /// `code`
    pub code: Option<String>,
    /// `state`: 0 live, 1 used, 2 void.
    pub state: Option<i64>,
    /// `ip`
    pub ip: Option<String>,
    /// The device that asked for a code; not shown.
    pub device_id: Option<String>,
    /// `created_date`, milliseconds.
    pub created_date: Option<i64>,
    /// `expired_date`, milliseconds.
    pub expired_date: Option<i64>,
    /// Fields that have no column, or an odd type.
    pub extra: Option<Map<String, Value>>,
}

/// Kinds and the field under which the target stands.
const KINDS: [(&str, &str); 3] = [("mobile", "mobile"), ("email", "email"), ("captcha", "device_uuid")];

/// The name of a target's kind in the column `kind`.
pub const fn kind(target: &CodeTarget) -> &'static str {
    // The same words as the document's fields.
    target.field()
}

impl CodeParts {
    /// `kind` of captchas.
    pub const CAPTCHA: &'static str = "captcha";

    /// An imported document.
    ///
    /// # Errors
    /// If `_id` is not a text.
    pub fn new(doc: &Map<String, Value>) -> Result<Self, InvalidDocument> {
        let id = id(doc)?.to_owned();
        let mut rest = doc.clone();
        rest.shift_remove("_id");
        let target = KINDS.into_iter().find_map(|(kind, field)| Some((kind, take_text(&mut rest, field)?)));
        let (kind, target) = target.map_or((String::new(), None), |(kind, target)| (kind.to_owned(), Some(target)));
        Ok(Self {
            id,
            kind,
            target,
            scene: take_text(&mut rest, "scene"),
            code: take_text(&mut rest, "code"),
            state: take_integer(&mut rest, "state"),
            ip: take_text(&mut rest, "ip"),
            device_id: None,
            created_date: take_integer(&mut rest, "created_date"),
            expired_date: take_integer(&mut rest, "expired_date"),
            extra: (!rest.is_empty()).then_some(rest),
        })
    }

    /// The document as the collection shows it.
    pub fn into_document(self) -> Map<String, Value> {
        let mut doc = Map::new();
        doc.insert("_id".into(), self.id.into());
        let field = KINDS.into_iter().find(|(kind, _)| *kind == self.kind).map(|(_, field)| field);
        let mut add = |field: Option<&str>, value: Option<Value>| {
            if let (Some(field), Some(value)) = (field, value) {
                doc.insert(field.into(), value);
            }
        };
        add(field, self.target.map(Value::from));
        add(Some("scene"), self.scene.map(Value::from));
        add(Some("code"), self.code.map(Value::from));
        add(Some("state"), self.state.map(Value::from));
        add(Some("ip"), self.ip.map(Value::from));
        add(Some("created_date"), self.created_date.map(Value::from));
        add(Some("expired_date"), self.expired_date.map(Value::from));
        doc.extend(self.extra.unwrap_or_default());
        doc
    }
}

impl From<&NewCode> for CodeParts {
    fn from(code: &NewCode) -> Self {
        Self {
            id: code.id.clone(),
            kind: kind(&code.target).to_owned(),
            target: Some(code.target.value().to_owned()),
            scene: Some(code.scene.clone()),
            code: Some(code.code.clone()),
            state: Some(0),
            ip: Some(code.ip.clone()),
            device_id: code.device_id.clone(),
            created_date: Some(code.created_date),
            expired_date: Some(code.expired_date),
            extra: None,
        }
    }
}

impl From<&NewCaptcha> for CodeParts {
    fn from(captcha: &NewCaptcha) -> Self {
        Self {
            id: captcha.id.clone(),
            kind: Self::CAPTCHA.to_owned(),
            target: Some(captcha.device_id.clone()),
            scene: Some(captcha.scene.clone()),
            code: Some(captcha.code.clone()),
            state: Some(0),
            ip: Some(captcha.ip.clone()),
            device_id: None,
            created_date: Some(captcha.created_date),
            expired_date: Some(captcha.expired_date),
            extra: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_survive() {
        for doc in [
            json!({"_id": "c", "mobile": "138", "scene": "s", "code": "1", "state": 0, "ip": "i", "created_date": 1, "expired_date": 2}),
            json!({"_id": "c", "device_uuid": "d", "scene": "s", "code": "1", "state": 2, "mine": {"a": [null]}}),
            json!({"_id": "c", "email": 7, "state": "0", "code": null}),
        ] {
            assert_eq!(Value::from(CodeParts::new(doc.as_object().unwrap()).unwrap_or_default().into_document()), doc);
        }
    }
}
