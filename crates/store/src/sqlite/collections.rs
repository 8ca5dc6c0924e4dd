//! Documents by the name of their collection.

use lingpai_domain::store::{COLLECTIONS, is_own_collection};
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use super::{
    codes,
    failure::Failure,
    invitations::{self, ancestry},
    log, passkeys, users,
};
use crate::document::{
    self, Attempt, CodeParts, InvalidDocument, LogParts, LoginColumns, UserParts, exported_user, from_text, id,
    invitation::{self, show_inviters},
    text, to_text,
};

/// Where a collection's documents are.
#[derive(Clone, Copy)]
enum Place {
    Users,
    Log,
    Codes,
    Devices,
    Passkeys,
    Documents,
}

fn place(collection: &str) -> Result<Place, Failure> {
    if !COLLECTIONS.contains(&collection) && !is_own_collection(collection) {
        return Err(InvalidDocument::Collection(collection.to_owned()).into());
    }
    Ok(match collection {
        "uni-id-users" => Place::Users,
        "uni-id-log" => Place::Log,
        "opendb-verify-codes" => Place::Codes,
        "uni-id-device" => Place::Devices,
        "lingpai-passkeys" => Place::Passkeys,
        _ => Place::Documents,
    })
}

/// See [`lingpai_domain::store::Store::count`].
pub fn count(connection: &Connection, collection: &str) -> Result<u64, Failure> {
    let count: i64 = match place(collection)? {
        Place::Users => connection.prepare_cached("SELECT COUNT(*) FROM users")?.query_row((), |row| row.get(0))?,
        Place::Log => connection.prepare_cached("SELECT COUNT(*) FROM log")?.query_row((), |row| row.get(0))?,
        Place::Codes => connection.prepare_cached("SELECT COUNT(*) FROM codes")?.query_row((), |row| row.get(0))?,
        Place::Devices => connection.prepare_cached("SELECT COUNT(*) FROM devices")?.query_row((), |row| row.get(0))?,
        Place::Passkeys => connection.prepare_cached("SELECT COUNT(*) FROM passkeys")?.query_row((), |row| row.get(0))?,
        Place::Documents => {
            connection.prepare_cached("SELECT COUNT(*) FROM documents WHERE collection = ?1")?.query_row([collection], |row| row.get(0))?
        }
    };
    Ok(count.unsigned_abs())
}

/// See [`lingpai_domain::store::Store::remove`].
pub fn remove(connection: &Connection, collection: &str, id: &str) -> Result<bool, Failure> {
    let removed = match place(collection)? {
        Place::Users => return users::remove(connection, id),
        Place::Log => connection.prepare_cached("DELETE FROM log WHERE id = ?1")?.execute([id])?,
        Place::Codes => connection.prepare_cached("DELETE FROM codes WHERE id = ?1")?.execute([id])?,
        Place::Devices => connection.prepare_cached("DELETE FROM devices WHERE id = ?1")?.execute([id])?,
        Place::Passkeys => return passkeys::remove_document(connection, id),
        Place::Documents => {
            connection.prepare_cached("DELETE FROM documents WHERE collection = ?1 AND id = ?2")?.execute((collection, id))?
        }
    };
    Ok(removed > 0)
}

/// See [`lingpai_domain::store::Store::put`].
pub fn put(connection: &Connection, collection: &str, doc: &Map<String, Value>) -> Result<(), Failure> {
    match place(collection)? {
        Place::Users => {
            let parts = UserParts::new(doc)?;
            users::put(connection, &parts)?;
            passkeys::recount(connection, &parts.id)?;
            invitations::link_missing(connection, &parts)
        }
        Place::Log => log::insert(connection, &LogParts::new(doc)?),
        Place::Codes => codes::insert(connection, &CodeParts::new(doc)?),
        Place::Devices => {
            connection
                .prepare_cached(
                    "INSERT INTO devices (id, device_id, user_id, doc) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (id) DO UPDATE SET device_id = ?2, user_id = ?3, doc = ?4",
                )?
                .execute((id(doc)?, text(doc, "device_id"), text(doc, "user_id"), to_text(doc)?))?;
            Ok(())
        }
        Place::Passkeys => passkeys::put(connection, doc),
        Place::Documents => {
            connection
                .prepare_cached(
                    "INSERT INTO documents (collection, id, doc) VALUES (?1, ?2, ?3) ON CONFLICT (collection, id) DO UPDATE SET doc = ?3",
                )?
                .execute((collection, id(doc)?, to_text(doc)?))?;
            Ok(())
        }
    }
}

/// `token_expired` of a user's rows with a device becomes 0.
pub fn expire_device(connection: &Connection, uid: &str, device: &str) -> Result<(), Failure> {
    let mut select = connection.prepare_cached("SELECT seq, doc FROM devices WHERE user_id = ?1 AND device_id = ?2")?;
    let rows = select.query_map((uid, device), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<(i64, String)>, _>>()?;
    for (seq, doc) in rows {
        let mut doc = from_text(&doc)?;
        doc.insert("token_expired".into(), 0.into());
        connection.prepare_cached("UPDATE devices SET doc = ?2 WHERE seq = ?1")?.execute((seq, to_text(&doc)?))?;
    }
    Ok(())
}

/// See [`lingpai_domain::store::Store::export`].
pub fn export(connection: &Connection, collection: &str, after: Option<&str>, limit: usize) -> Result<Vec<Map<String, Value>>, Failure> {
    let place = place(collection)?;
    let after = match after {
        Some(id) => position(connection, place, collection, id)?.ok_or_else(|| InvalidDocument::After(id.to_owned()))?,
        None => i64::MIN,
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match place {
        Place::Users => export_users(connection, after, limit),
        Place::Codes => export_codes(connection, after, limit),
        Place::Log => texts(connection, "SELECT doc FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2", (after, limit)),
        Place::Passkeys => texts(connection, "SELECT doc FROM passkeys WHERE seq > ?1 ORDER BY seq LIMIT ?2", (after, limit)),
        Place::Devices => texts(connection, "SELECT doc FROM devices WHERE seq > ?1 ORDER BY seq LIMIT ?2", (after, limit)),
        Place::Documents => texts(
            connection,
            "SELECT doc FROM documents WHERE seq > ?1 AND collection = ?3 ORDER BY seq LIMIT ?2",
            (after, limit, collection),
        ),
    }
}

/// Where a document stands in the order of insertion.
fn position(connection: &Connection, place: Place, collection: &str, id: &str) -> Result<Option<i64>, Failure> {
    let sql = match place {
        Place::Users => "SELECT seq FROM users WHERE id = ?1",
        Place::Log => "SELECT seq FROM log WHERE id = ?1",
        Place::Codes => "SELECT seq FROM codes WHERE id = ?1",
        Place::Devices => "SELECT seq FROM devices WHERE id = ?1",
        Place::Passkeys => "SELECT seq FROM passkeys WHERE id = ?1",
        Place::Documents => {
            let mut statement = connection.prepare_cached("SELECT seq FROM documents WHERE collection = ?1 AND id = ?2")?;
            return Ok(statement.query_row((collection, id), |row| row.get(0)).optional()?);
        }
    };
    Ok(connection.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?)
}

fn texts(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Map<String, Value>>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        documents.push(from_text(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(documents)
}

fn export_users(connection: &Connection, after: i64, limit: i64) -> Result<Vec<Map<String, Value>>, Failure> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT u.id, l.created_at, l.ip, COALESCE(l.ip_limit_seen, 0), u.doc, ",
        ancestry!(),
        " FROM users u LEFT JOIN sessions l ON l.uid = u.id AND l.id = 0
         WHERE u.seq > ?1 ORDER BY u.seq LIMIT ?2"
    ))?;
    let mut rows = statement.query((after, limit))?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        let uid: String = row.get(0)?;
        let login = LoginColumns { last_login_date: row.get(1)?, last_login_ip: row.get(2)? };
        let attempts = if row.get(3)? { Some(attempts(connection, &uid)?) } else { None };
        let doc = row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?;
        let mut document = exported_user(doc, login, attempts, users::tokens(connection, &uid)?)?;
        show_inviters(&mut document, invitation::ancestry(row.get_ref(5)?.as_str_or_null().map_err(rusqlite::Error::from)?)?);
        documents.push(document);
    }
    Ok(documents)
}

fn attempts(connection: &Connection, uid: &str) -> Result<Vec<Attempt>, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT ip, error_times, last_error_time FROM login_attempts WHERE uid = ?1 ORDER BY seq")?;
    let attempts = statement
        .query_map([uid], |row| Ok(Attempt { ip: row.get(0)?, error_times: row.get(1)?, last_error_time: row.get(2)? }))?
        .collect::<Result<_, _>>()?;
    Ok(attempts)
}

fn export_codes(connection: &Connection, after: i64, limit: i64) -> Result<Vec<Map<String, Value>>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, target, scene, code, state, ip, device_id, created_date, expired_date, extra
         FROM codes WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = statement.query((after, limit))?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        let extra: Option<String> = row.get(10)?;
        let parts = CodeParts {
            id: row.get(0)?,
            kind: row.get(1)?,
            target: row.get(2)?,
            scene: row.get(3)?,
            code: row.get(4)?,
            state: row.get(5)?,
            ip: row.get(6)?,
            device_id: row.get(7)?,
            created_date: row.get(8)?,
            expired_date: row.get(9)?,
            extra: extra.as_deref().map(document::from_text).transpose()?,
        };
        documents.push(parts.into_document());
    }
    Ok(documents)
}
