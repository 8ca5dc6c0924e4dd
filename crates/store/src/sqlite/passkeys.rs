//! Passkeys (`lingpai-passkeys`).

use lingpai_domain::{
    account::PASSKEYS_FIELD,
    passkey::Passkey,
    store::{CeremonyEnd, NewPasskey, PasskeyAdded, PasskeyHolder, PasskeyRemoval, PasskeyRemoved, PasskeyUse, PasskeyUsed},
};
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use super::{along, failure::Failure, log, nonces, users};
use crate::document::{InvalidDocument, from_text, id, passkey_use, text, to_text};

/// See [`lingpai_domain::store::Store::passkeys`].
pub fn of_user(connection: &Connection, uid: &str) -> Result<Vec<Passkey>, Failure> {
    let mut statement = connection.prepare_cached("SELECT doc FROM passkeys WHERE uid = ?1 AND credential IS NOT NULL ORDER BY seq")?;
    let mut rows = statement.query([uid])?;
    let mut passkeys = Vec::new();
    while let Some(row) = rows.next()? {
        passkeys.extend(Passkey::from_document(&from_text(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?));
    }
    Ok(passkeys)
}

/// See [`lingpai_domain::store::Store::passkey_holder`].
pub fn holder(connection: &Connection, credential_id: &[u8]) -> Result<Option<PasskeyHolder>, Failure> {
    let mut statement = connection.prepare_cached("SELECT doc FROM passkeys WHERE credential = ?1")?;
    let found = statement.query_row([Passkey::lookup(credential_id)], |row| row.get::<_, String>(0)).optional()?;
    let Some(passkey) = found.map(|doc| from_text(&doc)).transpose()?.as_ref().and_then(Passkey::from_document) else { return Ok(None) };
    Ok(users::find(connection, &passkey.uid)?.map(|user| PasskeyHolder { passkey, user }))
}

/// See [`lingpai_domain::store::Store::add_passkey`].
pub fn add(connection: &Connection, new: &NewPasskey) -> Result<PasskeyAdded, Failure> {
    let (uid, credential) = (&new.passkey.uid, Passkey::lookup(&new.passkey.credential_id));
    if is_used(connection, &new.ceremony)? {
        return Ok(PasskeyAdded::CeremonyUsed);
    }
    let exists =
        |sql: &str, key: &str| -> Result<bool, Failure> { Ok(connection.prepare_cached(sql)?.query_row([key], |row| row.get(0))?) };
    if !exists("SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1)", uid)? {
        return Ok(PasskeyAdded::Gone);
    }
    if exists("SELECT EXISTS (SELECT 1 FROM passkeys WHERE credential = ?1)", &credential)? {
        return Ok(PasskeyAdded::Taken);
    }
    if count(connection, uid)? >= i64::from(new.most) {
        return Ok(PasskeyAdded::TooMany);
    }
    use_up(connection, &new.ceremony)?;
    connection.prepare_cached("INSERT INTO passkeys (id, uid, credential, doc) VALUES (?1, ?2, ?3, ?4)")?.execute((
        &new.passkey.id,
        uid,
        credential,
        to_text(&new.passkey.to_document())?,
    ))?;
    recount(connection, uid)?;
    log::append(connection, &new.log)?;
    Ok(PasskeyAdded::Done)
}

/// See [`lingpai_domain::store::Store::use_passkey`].
pub fn note_use(connection: &Connection, used: &PasskeyUse) -> Result<PasskeyUsed, Failure> {
    let Some(mut doc) = document(connection, &used.id)? else { return Ok(PasskeyUsed::Gone) };
    if is_used(connection, &used.ceremony)? {
        return Ok(PasskeyUsed::CeremonyUsed);
    }
    let stored = doc.get("sign_count").and_then(Value::as_i64).unwrap_or_default();
    let told = i64::from(used.sign_count);
    if told <= stored && (told > 0 || stored > 0) {
        return Ok(PasskeyUsed::CounterBehind);
    }
    use_up(connection, &used.ceremony)?;
    doc.extend(passkey_use(used));
    connection.prepare_cached("UPDATE passkeys SET doc = ?2 WHERE id = ?1")?.execute((&used.id, to_text(&doc)?))?;
    Ok(PasskeyUsed::Done)
}

/// See [`lingpai_domain::store::Store::rename_passkey`].
pub fn rename(connection: &Connection, uid: &str, id: &str, name: &str) -> Result<bool, Failure> {
    let Some(mut doc) = document(connection, id)? else { return Ok(false) };
    doc.insert("name".into(), name.into());
    let named = connection.prepare_cached("UPDATE passkeys SET doc = ?3 WHERE id = ?1 AND uid = ?2")?.execute((id, uid, to_text(&doc)?))?;
    Ok(named > 0)
}

/// See [`lingpai_domain::store::Store::remove_passkey`].
pub fn remove(connection: &Connection, removal: &PasskeyRemoval) -> Result<PasskeyRemoved, Failure> {
    let mut current = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND revision = ?2)")?;
    if !current.query_row((&removal.uid, removal.revision), |row| row.get::<_, bool>(0))? {
        return Ok(PasskeyRemoved::Stale);
    }
    let removed = connection.prepare_cached("DELETE FROM passkeys WHERE id = ?1 AND uid = ?2")?.execute((&removal.id, &removal.uid))?;
    if removed == 0 {
        return Ok(PasskeyRemoved::Gone);
    }
    recount(connection, &removal.uid)?;
    if let Some(row) = &removal.log {
        log::append(connection, row)?;
    }
    if let Some(row) = &removal.audit {
        along::audit(connection, row)?;
    }
    Ok(PasskeyRemoved::Done)
}

/// Inserts or replaces a document, as an import does. Those whose passkeys it changes count them anew.
pub fn put(connection: &Connection, doc: &Map<String, Value>) -> Result<(), Failure> {
    let (id, uid, credential) = (id(doc)?, text(doc, "user_id"), Passkey::credential_of(doc));
    let mut other = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM passkeys WHERE credential = ?1 AND id <> ?2)")?;
    if other.query_row((credential, id), |row| row.get::<_, bool>(0))? {
        return Err(InvalidDocument::Credential.into());
    }
    let former = owner(connection, id)?;
    connection
        .prepare_cached(
            "INSERT INTO passkeys (id, uid, credential, doc) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET uid = ?2, credential = ?3, doc = ?4",
        )?
        .execute((id, &uid, credential, to_text(doc)?))?;
    for uid in [former, uid].iter().flatten() {
        recount(connection, uid)?;
    }
    Ok(())
}

/// Removes a document, as an operator does.
pub fn remove_document(connection: &Connection, id: &str) -> Result<bool, Failure> {
    let former = owner(connection, id)?;
    let removed = connection.prepare_cached("DELETE FROM passkeys WHERE id = ?1")?.execute([id])?;
    if let Some(uid) = former {
        recount(connection, &uid)?;
    }
    Ok(removed > 0)
}

/// Makes a user's document say how many passkeys there are.
pub fn recount(connection: &Connection, uid: &str) -> Result<(), Failure> {
    let count = count(connection, uid)?;
    let mut select = connection.prepare_cached("SELECT doc FROM users WHERE id = ?1")?;
    let Some(doc) = select.query_row([uid], |row| row.get::<_, String>(0)).optional()? else { return Ok(()) };
    if from_text(&doc)?.get(PASSKEYS_FIELD).and_then(Value::as_i64).unwrap_or_default() != count {
        users::set_fields(connection, uid, None, &[(PASSKEYS_FIELD, count.into())])?;
    }
    Ok(())
}

fn count(connection: &Connection, uid: &str) -> Result<i64, Failure> {
    let mut statement = connection.prepare_cached("SELECT COUNT(*) FROM passkeys WHERE uid = ?1 AND credential IS NOT NULL")?;
    Ok(statement.query_row([uid], |row| row.get(0))?)
}

fn document(connection: &Connection, id: &str) -> Result<Option<Map<String, Value>>, Failure> {
    let mut statement = connection.prepare_cached("SELECT doc FROM passkeys WHERE id = ?1")?;
    let found = statement.query_row([id], |row| row.get::<_, String>(0)).optional()?;
    Ok(found.map(|doc| from_text(&doc)).transpose()?)
}

fn owner(connection: &Connection, id: &str) -> Result<Option<String>, Failure> {
    let mut statement = connection.prepare_cached("SELECT uid FROM passkeys WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get::<_, Option<String>>(0)).optional()?.flatten())
}

fn is_used(connection: &Connection, ceremony: &CeremonyEnd) -> Result<bool, Failure> {
    nonces::is_used(connection, &ceremony.nonce, ceremony.now)
}

fn use_up(connection: &Connection, ceremony: &CeremonyEnd) -> Result<(), Failure> {
    nonces::use_up(connection, &ceremony.nonce, ceremony.expires, ceremony.now)?;
    Ok(())
}
