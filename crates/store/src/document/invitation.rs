//! `inviter_uid` of users: who invited them, who invited these, and so on.
//!
//! The list is not kept in the documents: a user who accepts an invitation would change the documents
//! of everybody below. The table `invitations` has one row per invited user, and the list is composed
//! when the user is read.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

/// How many invitations a list goes through at most. Imported data may go round in circles.
pub const MAX_DEPTH: u32 = 1000;

/// The longest text, in bytes, that counts as a user's id here: a row of PostgreSQL's index holds two
/// in 2,700 bytes.
const LONGEST_ID: usize = 256;

const FIELD: &str = "inviter_uid";

/// A row of `invitations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Who invited the user.
    pub inviter: String,
    /// The rest of the user's own list. It counts only while the inviter has no row.
    pub tail: Vec<String>,
}

impl Invitation {
    /// Moves the list out of a document if it is a list of ids; an empty list stays behind in its
    /// place. Anything else stays as it is.
    pub fn take(doc: &mut Map<String, Value>) -> Option<Self> {
        let list = |value: &Value| {
            let texts = value.as_array()?.iter().map(|uid| uid.as_str().filter(|uid| is_id(uid)).map(str::to_owned));
            texts.collect::<Option<Vec<_>>>()
        };
        let invitation = doc.get(FIELD).and_then(list).and_then(|list| {
            let mut list = list.into_iter();
            Some(Self { inviter: list.next()?, tail: list.collect() })
        })?;
        doc.insert(FIELD.into(), json!([]));
        Some(invitation)
    }

    /// The whole list.
    pub fn inviters(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.inviter).chain(&self.tail).map(String::as_str)
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_ID
}

/// The rows that lead up from a user: the inviters, and the last row's tail.
pub type Ancestry = (Vec<String>, Option<Vec<String>>);

/// Reads rows from the JSON that SQLite makes of them; `None` is for a user whom nobody invited.
///
/// # Errors
/// If somebody spoilt a `tail` by hand.
pub fn ancestry(json: Option<&str>) -> serde_json::Result<Option<Ancestry>> {
    json.map(serde_json::from_str).transpose()
}

/// Puts the composed list into a document. `None`: nobody invited the user.
pub fn show_inviters(doc: &mut Map<String, Value>, ancestry: Option<Ancestry>) {
    let Some((mut inviters, tail)) = ancestry else { return };
    let mut seen: HashSet<&str> = doc.get("_id").and_then(Value::as_str).into_iter().collect();
    // The direct inviter is shown in any case: it may be the user, in imported data.
    let repeated = inviters.iter().position(|uid| !seen.insert(uid)).map(|place| place.max(1));
    let is_whole = repeated.is_none() && inviters.len() < MAX_DEPTH as usize;
    inviters.truncate(repeated.unwrap_or(usize::MAX));
    if is_whole {
        inviters.extend(tail.unwrap_or_default());
    }
    doc.insert(FIELD.into(), inviters.into());
}

/// Whether a stored document, whose user has no row of `invitations`, names an inviter nevertheless.
pub fn names_inviter(doc: &Map<String, Value>) -> bool {
    match doc.get(FIELD) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::String(uid)) => !uid.is_empty(),
        Some(_) => true,
    }
}

/// The fields of a user's document that an accepted invitation changes.
pub fn accepted_fields(now: i64) -> [(&'static str, Value); 2] {
    [(FIELD, json!([])), ("invite_time", now.into())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(doc: Value) -> Map<String, Value> {
        doc.as_object().unwrap().clone()
    }

    fn shown(inviters: &[&str], tail: &[&str]) -> Value {
        let texts = |list: &[&str]| list.iter().map(|uid| (*uid).to_owned()).collect::<Vec<_>>();
        let mut doc = object(json!({"_id": "u", "inviter_uid": [], "z": 1}));
        show_inviters(&mut doc, Some((texts(inviters), Some(texts(tail)))));
        assert_eq!(doc.keys().collect::<Vec<_>>(), ["_id", "inviter_uid", "z"]);
        doc["inviter_uid"].take()
    }

    #[test]
    fn only_lists_of_texts_are_taken() {
        for odd in [json!([]), json!(["a", 1]), json!([""]), json!(["x".repeat(257)]), json!("a"), json!(null), json!({"a": 1})] {
            let mut doc = object(json!({"inviter_uid": odd}));
            assert_eq!(Invitation::take(&mut doc), None);
            assert_eq!(doc["inviter_uid"], odd);
        }
        let mut doc = object(json!({"inviter_uid": ["a", "b"]}));
        let invitation = Invitation::take(&mut doc).unwrap();
        assert_eq!(invitation.inviters().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(doc["inviter_uid"], json!([]));
    }

    #[test]
    fn circles_are_cut() {
        assert_eq!(shown(&["a", "b"], &["c"]), json!(["a", "b", "c"]));
        assert_eq!(shown(&["a", "u", "a", "u"], &["c"]), json!(["a"]));
        assert_eq!(shown(&["a", "b", "a"], &[]), json!(["a", "b"]));
        assert_eq!(shown(&["u", "u"], &[]), json!(["u"]));
    }

    #[test]
    fn an_empty_field_names_nobody() {
        for (doc, names) in [
            (json!({}), false),
            (json!({"inviter_uid": null}), false),
            (json!({"inviter_uid": []}), false),
            (json!({"inviter_uid": ""}), false),
            (json!({"inviter_uid": "a"}), true),
            (json!({"inviter_uid": [1]}), true),
        ] {
            assert_eq!(names_inviter(&object(doc)), names);
        }
    }
}
