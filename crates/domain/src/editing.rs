//! Changing a user's document, whoever else changes it at the same time.

use serde_json::{Map, Value};

use crate::{
    account::User,
    context::Context,
    error::{Code, Error, Result},
    log::LogRow,
    store::{UserUpdate, UserUpdated},
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
