//! What is written along with other operations, in the same commit.

use serde_json::{Map, Value};

/// A delivery to a webhook, to be stored until it is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Names the event, for whoever gets it twice.
    pub id: String,
    /// The webhook.
    pub target: String,
    /// The JSON text that is sent.
    pub body: String,
    /// When it happened, milliseconds.
    pub created_at: i64,
}

/// Whose deliveries are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveriesTo {
    /// Those of one webhook.
    One(String),
    /// Those of all but these.
    NoneOf(Vec<String>),
}

/// A delivery that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// The delivery.
    pub delivery: NewDelivery,
    /// How many attempts there were, this one included.
    pub attempts: i64,
}

/// Who changed what in administration: a row of `lingpai-audit`.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// `_id`
    pub id: String,
    /// The document, `_id` included; without passwords.
    pub doc: Map<String, Value>,
}

/// A password that is set together with other changes.
#[derive(Clone)]
pub struct PasswordEdit {
    /// `password`
    pub password: String,
    /// `password_secret_version`; `None` leaves the field as it is.
    pub version: Option<i64>,
    /// See [`super::PasswordChange::valid_token_date`].
    pub valid_token_date: i64,
}

impl std::fmt::Debug for PasswordEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordEdit").field("version", &self.version).finish_non_exhaustive()
    }
}

/// What somebody else changes of a user's account, all of it or nothing.
#[derive(Clone, Debug)]
pub struct AccountEdit {
    /// The new version of the document.
    pub update: super::UserUpdate,
    /// A new password.
    pub password: Option<PasswordEdit>,
    /// Who did it.
    pub audit: Option<AuditRow>,
    /// Who is told.
    pub told: Vec<NewDelivery>,
}
