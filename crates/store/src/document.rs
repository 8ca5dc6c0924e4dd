//! Documents taken apart into rows and put together again, alike for both engines.

mod codes;
pub mod invitation;
mod log;
pub mod open_data;
mod push;
mod user;

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value};

pub use codes::{CodeParts, kind as code_kind};
pub use log::LogParts;
pub use push::PushRows;
pub use user::{Attempt, ImportedSession, KEPT_FIELDS, LoginColumns, UserParts, exported_user, stands_apart, stored_user};

use lingpai_domain::{
    random::to_hex,
    store::{PasskeyUse, Role},
};
use sha2::{Digest, Sha256};

/// A document that cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDocument {
    /// `_id` is absent, or not a text, or empty.
    #[error("a document needs an `_id` that is a text")]
    Id,
    /// The collection is none of [`lingpai_domain::store::COLLECTIONS`].
    #[error("there is no collection `{0}`")]
    Collection(String),
    /// An export was to go on after a document that does not exist (any more).
    #[error("there is no document `{0}` to go on after")]
    After(String),
    /// A passkey whose `credential_id` is that of another.
    #[error("another passkey has this `credential_id`")]
    Credential,
}

/// `_id` of a document.
///
/// # Errors
/// If it is absent, not a text, or empty.
pub fn id(doc: &Map<String, Value>) -> Result<&str, InvalidDocument> {
    doc.get("_id").and_then(Value::as_str).filter(|id| !id.is_empty()).ok_or(InvalidDocument::Id)
}

/// The nonce that stands for a lease. Nonces of requests are digests or come with a prefix of their
/// own, so that none of them is one of these.
pub fn lease_nonce(name: &str) -> String {
    format!("lease\u{1f}{name}")
}

/// A field that is a text.
pub fn text(doc: &Map<String, Value>, field: &str) -> Option<String> {
    doc.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// A document as the text that a column holds.
pub fn to_text(doc: &Map<String, Value>) -> serde_json::Result<String> {
    serde_json::to_string(doc)
}

/// What a use changes of a passkey's document.
pub fn passkey_use(used: &PasskeyUse) -> Map<String, Value> {
    Map::from_iter([
        ("sign_count".to_owned(), used.sign_count.into()),
        ("backed_up".to_owned(), used.backed_up.into()),
        ("last_use_date".to_owned(), used.ceremony.now.into()),
    ])
}

/// Tells versions of a stored document apart.
pub fn stamp(text: &str) -> String {
    to_hex(&Sha256::digest(text))
}

/// A column's text as a document.
///
/// # Errors
/// If it is no JSON object: somebody wrote it by hand.
pub fn from_text(text: &str) -> serde_json::Result<Map<String, Value>> {
    serde_json::from_str(text).map(|Document(fields)| fields)
}

/// A document that is read with room for its fields: a map that grows step by step, as those of
/// serde_json do, takes a fifth longer.
struct Document(Map<String, Value>);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Document;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Document, A::Error> {
                let mut document = Map::with_capacity(USUAL_FIELDS);
                while let Some((name, value)) = fields.next_entry::<String, Value>()? {
                    document.insert(name, value);
                }
                Ok(Document(document))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// How many fields the documents of users have, or a few less.
const USUAL_FIELDS: usize = 28;

/// A document of `uni-id-roles`; `None` without a `role_id`.
pub fn role(doc: &Map<String, Value>) -> Option<Role> {
    let permission = match doc.get("permission") {
        Some(Value::Array(permissions)) => permissions.iter().filter_map(|p| p.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    Some(Role { role_id: text(doc, "role_id")?, permission })
}

/// The roles that a change of the gate carries: the JSON of `role`, a list or a single text.
pub fn changed_roles(role: Option<&str>) -> Vec<String> {
    match role.and_then(|text| serde_json::from_str(text).ok()) {
        Some(Value::String(role)) => vec![role],
        Some(Value::Array(roles)) => {
            roles.into_iter().filter_map(|r| if let Value::String(role) = r { Some(role) } else { None }).collect()
        }
        _ => Vec::new(),
    }
}

/// Moves a field out of a document if `read` understands it; else the field stays where it is.
fn take<T>(doc: &mut Map<String, Value>, field: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
    let taken = doc.get(field).and_then(read)?;
    doc.shift_remove(field);
    Some(taken)
}

/// Moves an integer out of a document.
fn take_integer(doc: &mut Map<String, Value>, field: &str) -> Option<i64> {
    take(doc, field, Value::as_i64)
}

/// Moves a text out of a document.
fn take_text(doc: &mut Map<String, Value>, field: &str) -> Option<String> {
    take(doc, field, |value| value.as_str().map(str::to_owned))
}
