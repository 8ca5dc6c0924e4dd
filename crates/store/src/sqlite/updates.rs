//! New versions of whole users.

use std::collections::HashSet;

use lingpai_domain::{
    account::Identity,
    store::{UserUpdate, UserUpdated},
};
use rusqlite::{Connection, OptionalExtension};

use super::{failure::Failure, invitations, log, users};
use crate::document::{self, KEPT_FIELDS, UserParts, stands_apart};

/// See [`lingpai_domain::store::Store::update_user`].
pub fn update(connection: &Connection, update: &UserUpdate) -> Result<UserUpdated, Failure> {
    let mut select = connection.prepare_cached("SELECT doc FROM users WHERE id = ?1 AND revision = ?2")?;
    let Some(old) = select.query_row((&update.uid, update.revision), |row| row.get::<_, String>(0)).optional()? else {
        return Ok(UserUpdated::Stale);
    };
    let mut parts = UserParts::of_update(&update.uid, &update.doc)?;
    let held = held_identities(connection, &update.uid)?;
    for identity in &parts.identities {
        if !holds(&held, identity) && belongs_to_another(connection, &update.uid, identity)? {
            if let Some(row) = &update.on_taken {
                log::append(connection, row)?;
            }
            return Ok(UserUpdated::Taken);
        }
    }
    let old = document::from_text(&old)?;
    parts.doc.extend(KEPT_FIELDS.iter().filter_map(|field| Some(((*field).to_owned(), old.get(*field)?.clone()))));
    connection.prepare_cached("UPDATE users SET doc = ?2, invited = ?3, revision = revision + 1 WHERE id = ?1")?.execute((
        &parts.id,
        document::to_text(&parts.doc)?,
        parts.invitation.is_some(),
    ))?;
    users::write_identities(connection, &parts)?;
    invitations::write(connection, &parts)?;
    if let Some(digest) = &update.identity_card_digest {
        connection
            .prepare_cached("INSERT INTO identity_cards (uid, digest) VALUES (?1, ?2) ON CONFLICT (uid) DO UPDATE SET digest = ?2")?
            .execute((&parts.id, digest))?;
    }
    if let Some(row) = &update.log {
        log::append(connection, row)?;
    }
    Ok(UserUpdated::Done)
}

/// Kind, value and application.
type Key = (String, String, String);

fn held_identities(connection: &Connection, uid: &str) -> Result<HashSet<Key>, Failure> {
    let mut statement = connection.prepare_cached("SELECT kind, value, app FROM identities WHERE uid = ?1")?;
    let held = statement.query_map([uid], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    Ok(held)
}

fn holds(held: &HashSet<Key>, identity: &Identity) -> bool {
    let key = |app: &str| (identity.kind.wire().to_owned(), identity.value.clone(), app.to_owned());
    held.contains(&key(&identity.app)) || held.contains(&key(Identity::ALL_APPS))
}

/// Whether an identity is that of another user of the same application, or of all.
fn belongs_to_another(connection: &Connection, uid: &str, identity: &Identity) -> Result<bool, Failure> {
    if stands_apart(identity) {
        return Ok(false);
    }
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM identities
           WHERE kind = ?1 AND value = ?2 AND app <> '' AND (?3 = '*' OR app IN (?3, '*')) AND uid <> ?4)",
    )?;
    Ok(statement.query_row((identity.kind.wire(), &identity.value, &identity.app, uid), |row| row.get(0))?)
}
