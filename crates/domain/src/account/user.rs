//! A user's document.

use serde_json::{Map, Value};

use super::Status;

/// A document of `uni-id-users`.
///
/// Projects add fields freely and old data has odd types (a number as `"1"`, a nickname that is a
/// list), so the document is kept as it is and read through these accessors, which take what has
/// the documented type and treat everything else as absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct User {
    /// The whole document, `_id` included.
    pub doc: Map<String, Value>,
    /// Grows with every change of the document (not of the login columns). A write that was
    /// decided on an older revision is refused by the store.
    pub revision: i64,
}

/// `second_step`: the second steps that signing in takes, as `["totp"]` (ours).
pub const SECOND_STEP_FIELD: &str = "second_step";

/// `passkeys`: how many passkeys lead into the account (ours). The store keeps it.
pub const PASSKEYS_FIELD: &str = "passkeys";

/// For which applications a user exists (`dcloud_appid`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppScope {
    /// The field is absent, or a list that has `*`.
    All,
    /// A list; possibly empty: for none.
    Listed(Vec<String>),
}

impl AppScope {
    /// Whether the user may use the application.
    pub fn allows(&self, app: &str) -> bool {
        match self {
            AppScope::All => true,
            AppScope::Listed(apps) => apps.iter().any(|listed| listed == app),
        }
    }
}

impl User {
    /// Wraps a document.
    pub fn new(doc: Map<String, Value>) -> Self {
        Self { doc, revision: 0 }
    }

    /// `_id`, empty if it is missing.
    pub fn id(&self) -> &str {
        self.text("_id").unwrap_or_default()
    }

    /// Whether signing in takes a second step.
    pub fn has_second_step(&self) -> bool {
        matches!(self.doc.get(SECOND_STEP_FIELD), Some(Value::Array(steps)) if !steps.is_empty())
    }

    /// What tells the account apart from others of the same person: user name, number, address, else `_id`.
    pub fn label(&self) -> &str {
        let named = ["username", "mobile", "email"].into_iter().filter_map(|field| self.text(field)).find(|text| !text.is_empty());
        named.unwrap_or_else(|| self.id())
    }

    /// How many passkeys lead into the account.
    pub fn passkeys(&self) -> i64 {
        self.integer(PASSKEYS_FIELD).unwrap_or_default()
    }

    /// A field that is a text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.doc.get(field).and_then(Value::as_str)
    }

    /// A field that is an integer.
    pub fn integer(&self, field: &str) -> Option<i64> {
        self.doc.get(field).and_then(Value::as_i64)
    }

    /// A field that JavaScript would count as true. The original asks so for most fields.
    pub fn truthy(&self, field: &str) -> bool {
        self.doc.get(field).is_some_and(is_truthy)
    }

    /// `status`, if it is one that forbids something.
    pub fn status(&self) -> Option<Status> {
        self.integer("status").and_then(Status::from_number)
    }

    /// `valid_token_date`: tokens issued before it are void. Milliseconds.
    pub fn valid_token_date(&self) -> Option<i64> {
        self.integer("valid_token_date")
    }

    /// `role` as a list; a single text counts as a list of one.
    pub fn roles(&self) -> Vec<String> {
        match self.doc.get("role") {
            Some(Value::String(role)) => vec![role.clone()],
            Some(Value::Array(roles)) => roles.iter().filter_map(|r| r.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    }

    /// `dcloud_appid`. A list that is not a list of texts, or anything but a list, means: none.
    pub fn apps(&self) -> AppScope {
        match self.doc.get("dcloud_appid") {
            None => AppScope::All,
            Some(Value::Array(apps)) => {
                let apps: Vec<String> = apps.iter().filter_map(|a| a.as_str().map(str::to_owned)).collect();
                if apps.iter().any(|a| a == "*") { AppScope::All } else { AppScope::Listed(apps) }
            }
            Some(_) => AppScope::Listed(Vec::new()),
        }
    }
}

/// JavaScript's idea of true.
pub(crate) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64().is_some_and(|n| n != 0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(doc: Value) -> User {
        User::new(doc.as_object().unwrap().clone())
    }

    #[test]
    fn applications_are_read_as_the_original_does() {
        assert_eq!(user(json!({})).apps(), AppScope::All);
        assert_eq!(user(json!({"dcloud_appid": ["a", "*"]})).apps(), AppScope::All);
        assert_eq!(user(json!({"dcloud_appid": ["a"]})).apps(), AppScope::Listed(vec!["a".into()]));
        assert_eq!(user(json!({"dcloud_appid": "a"})).apps(), AppScope::Listed(vec![]));
        assert_eq!(user(json!({"dcloud_appid": []})).apps(), AppScope::Listed(vec![]));
    }

    #[test]
    fn only_the_four_numbers_forbid() {
        for (value, status) in
            [(json!(1), Some(Status::Banned)), (json!("1"), None), (json!(0), None), (json!(5), None), (json!(null), None)]
        {
            assert_eq!(user(json!({"status": value})).status(), status);
        }
    }
}
