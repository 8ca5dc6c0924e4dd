//! Changing a user's document, whoever else changes it at the same time.

use serde_json::{Map, Value};

use crate::{
    account::User,
    context::Context,
    error::{Code, Error, Result},
    log::LogRow,
    project::AccountEvent,
    store::{AccountEdit, PasswordEdit, UserUpdate, UserUpdated},
};

/// How often a change is decided again because the user changed in between.
const ATTEMPTS: usize = 8;

/// A new version of a user's document.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The whole document.
    pub doc: Map<String, Value>,
    /// Logged when it is stored.
    pub log: Option<LogRow>,
    /// Logged when an identifier that it adds is taken.
    pub on_taken: Option<LogRow>,
}

impl Edit {
    /// A new version that leaves no row in the log.
    pub fn quiet(doc: Map<String, Value>) -> Self {
        Self { doc, log: None, on_taken: None }
    }
}

/// What somebody else changes of an account.
#[derive(Clone, Debug, Default)]
pub struct Administration<'a> {
    /// Who does it, by which method: for the audit.
    pub by: Option<(&'a str, &'static str)>,
    /// A new password: `password`, `password_secret_version`. All tokens issued before are void.
    pub password: Option<(String, Option<i64>)>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// It is stored.
    Done,
    /// An identifier that it adds belongs to another user of the same application (or of all).
    Taken,
    /// There is no such user.
    Gone,
}

impl Context<'_> {
    /// As [`Self::edit_user`] for somebody else's account: document, password and audit in one commit.
    pub async fn administer(
        &self,
        uid: &str,
        administration: &Administration<'_>,
        mut change: impl FnMut(&User) -> Result<Option<Map<String, Value>>> + Send,
    ) -> Result<Edited> {
        for _ in 0..ATTEMPTS {
            let Some(user) = self.store.user(uid).await? else { return Ok(Edited::Gone) };
            let doc = match (change(&user)?, &administration.password) {
                (Some(doc), _) => doc,
                (None, Some(_)) => user.doc.clone(),
                (None, None) => return Ok(Edited::Done),
            };
            let password = administration.password.clone().map(|(password, version)| PasswordEdit {
                password,
                version,
                valid_token_date: self.clock.now_ms(),
            });
            let audit = administration.by.map(|(actor, action)| {
                let mut after = doc.clone();
                after.extend(password.as_ref().map(|password| ("password".to_owned(), password.password.clone().into())));
                self.audit_row(actor, action, uid, &user.doc, &after)
            });
            let told = if password.is_some() { self.told(AccountEvent::PasswordChange, uid) } else { Vec::new() };
            let update =
                UserUpdate { uid: uid.to_owned(), revision: user.revision, doc, identity_card_digest: None, log: None, on_taken: None };
            match self.store.edit_account(&AccountEdit { update, password, audit, told }).await? {
                UserUpdated::Done => return Ok(Edited::Done),
                UserUpdated::Taken => return Ok(Edited::Taken),
                UserUpdated::Stale => {}
            }
        }
        Err(Error::new(Code::SystemError))
    }

    /// Reads a user, lets `change` decide, and stores what it decided unless the user changed in
    /// between; then it is asked again with the newer version. `Ok(None)`: nothing is to be stored.
    pub async fn edit_user(&self, uid: &str, mut change: impl FnMut(&User) -> Result<Option<Edit>> + Send) -> Result<Edited> {
        for _ in 0..ATTEMPTS {
            let Some(user) = self.store.user(uid).await? else { return Ok(Edited::Gone) };
            let Some(edit) = change(&user)? else { return Ok(Edited::Done) };
            let update = UserUpdate {
                uid: uid.to_owned(),
                revision: user.revision,
                doc: edit.doc,
                identity_card_digest: None,
                log: edit.log,
                on_taken: edit.on_taken,
            };
            match self.store.update_user(&update).await? {
                UserUpdated::Done => return Ok(Edited::Done),
                UserUpdated::Taken => return Ok(Edited::Taken),
                UserUpdated::Stale => {}
            }
        }
        Err(Error::new(Code::SystemError))
    }
}
