//! Documents of `uni-id-users`.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lingpai_domain::account::{Identity, User, derive_identities};
use serde_json::{Map, Value, json};

use super::{InvalidDocument, id, invitation::Invitation, take, take_integer, take_text};

/// Wrong passwords from one address: an entry of `login_ip_limit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// `ip`
    pub ip: String,
    /// `error_times`
    pub error_times: i64,
    /// `last_error_time`, milliseconds.
    pub last_error_time: i64,
}

/// An entry of an imported `token` list. No `Debug`: tokens are secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportedSession {
    /// The text, a JWT as a rule.
    pub token: String,
    /// `iat`, seconds; 0 if it cannot be read.
    pub issued_at: i64,
    /// `exp`, seconds, if it can be read.
    pub expires_at: Option<i64>,
}

impl ImportedSession {
    /// Reads the times from the payload. The signature is not looked at: an entry that this server
    /// did not sign never gets through the token check anyway.
    pub fn new(token: &str) -> Self {
        let payload = token
            .split('.')
            .nth(1)
            .and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok())
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
            .unwrap_or(Value::Null);
        let seconds = |claim: &str| payload.get(claim).and_then(Value::as_i64);
        Self { token: token.to_owned(), issued_at: seconds("iat").unwrap_or(0), expires_at: seconds("exp") }
    }
}

/// What of a user is in columns because every login writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginColumns {
    /// `last_login_date`, milliseconds.
    pub last_login_date: Option<i64>,
    /// `last_login_ip`
    pub last_login_ip: Option<String>,
}

impl LoginColumns {
    fn write_to(self, doc: &mut Map<String, Value>) {
        if let Some(date) = self.last_login_date {
            doc.insert("last_login_date".into(), date.into());
        }
        if let Some(ip) = self.last_login_ip {
            doc.insert("last_login_ip".into(), ip.into());
        }
    }
}

/// A user's document taken apart into what the tables hold. No `Debug`: there are secrets in it.
#[derive(Clone)]
pub struct UserParts {
    /// `_id`
    pub id: String,
    /// The stored document, see [`UserParts::new`].
    pub doc: Map<String, Value>,
    /// `last_login_date` and `last_login_ip`.
    pub login: LoginColumns,
    /// Whether `login_ip_limit` is there, if only as an empty list.
    pub ip_limit_seen: bool,
    /// `login_ip_limit`
    pub attempts: Vec<Attempt>,
    /// `token`
    pub sessions: Vec<ImportedSession>,
    /// What the user can be found by.
    pub identities: Vec<Identity>,
    /// `role`, without repetition.
    pub roles: BTreeSet<String>,
    /// `inviter_uid`
    pub invitation: Option<Invitation>,
}

impl UserParts {
    /// Takes a whole document apart. Fields with a column of their own leave the stored document if
    /// they have their usual shape; odd ones stay in it. A list of tokens leaves an empty list
    /// behind: that the field is shown even when no token is left.
    ///
    /// # Errors
    /// If `_id` is not a text.
    pub fn new(doc: &Map<String, Value>) -> Result<Self, InvalidDocument> {
        let id = id(doc)?.to_owned();
        let user = User::new(doc.clone());
        let identities = derive_identities(&user);
        let roles = user.roles().into_iter().collect();
        let mut doc = user.doc;
        let login = LoginColumns {
            last_login_date: take_integer(&mut doc, "last_login_date"),
            last_login_ip: take_text(&mut doc, "last_login_ip"),
        };
        let attempts = take(&mut doc, "login_ip_limit", |value| value.as_array()?.iter().map(attempt).collect::<Option<Vec<_>>>());
        let tokens = doc.get("token").and_then(Value::as_array).and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        let sessions: Option<Vec<ImportedSession>> = tokens.map(|tokens| tokens.into_iter().map(ImportedSession::new).collect());
        if sessions.is_some() {
            doc.insert("token".into(), json!([]));
        }
        let invitation = Invitation::take(&mut doc);
        Ok(Self {
            id,
            doc,
            login,
            ip_limit_seen: attempts.is_some(),
            attempts: attempts.unwrap_or_default(),
            sessions: sessions.unwrap_or_default(),
            identities,
            roles,
            invitation,
        })
    }

    /// A new version of a user's document, without [`KEPT_FIELDS`].
    ///
    /// # Errors
    /// If `uid` is empty.
    pub fn of_update(uid: &str, doc: &Map<String, Value>) -> Result<Self, InvalidDocument> {
        let mut doc = doc.clone();
        for field in KEPT_FIELDS {
            doc.shift_remove(field);
        }
        doc.insert("_id".into(), uid.into());
        Self::new(&doc)
    }
}

/// Fields that an update of the document leaves as they are.
pub const KEPT_FIELDS: [&str; 4] = ["last_login_date", "last_login_ip", "login_ip_limit", "token"];

fn attempt(value: &Value) -> Option<Attempt> {
    let entry = value.as_object().filter(|entry| entry.len() == 3)?;
    Some(Attempt {
        ip: entry.get("ip")?.as_str()?.to_owned(),
        error_times: entry.get("error_times")?.as_i64()?,
        last_error_time: entry.get("last_error_time")?.as_i64()?,
    })
}

/// Whether an identity never claims its value for its user alone: it is stored with the uid as
/// `holder_mark`, and nobody is refused because of it.
pub fn stands_apart(identity: &Identity) -> bool {
    !identity.kind.is_unique() || identity.app == Identity::NO_APP
}

/// A user as the domain reads it: with the login columns, without `token`.
///
/// # Errors
/// If the stored text is no JSON object.
pub fn stored_user(doc: &str, revision: i64, login: LoginColumns) -> serde_json::Result<User> {
    let mut doc = super::from_text(doc)?;
    doc.shift_remove("token");
    login.write_to(&mut doc);
    Ok(User { doc, revision })
}

/// A user as the collection shows it. `attempts` is `None` if `login_ip_limit` was never written.
///
/// # Errors
/// If the stored text is no JSON object.
pub fn exported_user(
    doc: &str,
    login: LoginColumns,
    attempts: Option<Vec<Attempt>>,
    tokens: Vec<String>,
) -> serde_json::Result<Map<String, Value>> {
    let mut doc = super::from_text(doc)?;
    let shows_tokens = !tokens.is_empty() || login.last_login_date.is_some();
    login.write_to(&mut doc);
    if let Some(attempts) = attempts {
        let list = attempts
            .into_iter()
            .map(|a| json!({"ip": a.ip, "error_times": a.error_times, "last_error_time": a.last_error_time}))
            .collect::<Vec<Value>>();
        doc.insert("login_ip_limit".into(), list.into());
    }
    if shows_tokens {
        doc.insert("token".into(), tokens.into());
    }
    Ok(doc)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(doc: Value) -> UserParts {
        UserParts::new(doc.as_object().unwrap()).unwrap()
    }

    fn round_trip(doc: Value) -> Value {
        let parts = parts(doc);
        let attempts = parts.ip_limit_seen.then_some(parts.attempts);
        let tokens = parts.sessions.into_iter().map(|s| s.token).collect();
        exported_user(&super::super::to_text(&parts.doc).unwrap(), parts.login, attempts, tokens).unwrap().into()
    }

    #[test]
    fn what_has_an_odd_shape_survives() {
        for doc in [
            json!({"_id": "u", "token": "text", "last_login_date": "yesterday", "last_login_ip": 7, "login_ip_limit": {"a": 1}}),
            json!({"_id": "u", "token": [1], "last_login_date": null, "login_ip_limit": [{"ip": "a", "error_times": "1"}]}),
            json!({"_id": "u", "token": [], "login_ip_limit": []}),
            json!({"_id": "u", "token": ["a.b.c", "", "a.b.c"], "last_login_date": 5, "last_login_ip": "1.1.1.1",
                   "login_ip_limit": [{"ip": "a", "error_times": 2, "last_error_time": 9}]}),
            json!({"_id": "u"}),
        ] {
            assert_eq!(round_trip(doc.clone()), doc);
        }
    }

    #[test]
    fn the_domain_does_not_see_tokens() {
        let parts = parts(json!({"_id": "u", "token": ["t"], "last_login_ip": "1.1.1.1"}));
        let user = stored_user(&super::super::to_text(&parts.doc).unwrap(), 3, parts.login).unwrap();
        assert_eq!(Value::from(user.doc), json!({"_id": "u", "last_login_ip": "1.1.1.1"}));
        assert_eq!(user.revision, 3);
    }

    #[test]
    fn times_come_from_the_payload_if_it_can_be_read() {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(r#"{"iat":5,"exp":9}"#);
        let session = ImportedSession::new(&format!("h.{payload}.s"));
        assert_eq!((session.issued_at, session.expires_at), (5, Some(9)));
        let session = ImportedSession::new("rubbish");
        assert_eq!((session.issued_at, session.expires_at), (0, None));
    }

    #[test]
    fn an_id_is_needed() {
        for doc in [json!({}), json!({"_id": 5}), json!({"_id": ""})] {
            assert_eq!(UserParts::new(doc.as_object().unwrap()).err(), Some(InvalidDocument::Id));
        }
    }
}
