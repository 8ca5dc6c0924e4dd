//! Whole documents of collections: export, import, removal, counting.

use lingpai_domain::store::{COLLECTIONS, is_own_collection};
use postgres_types::Json;
use serde_json::{Map, Value};
use tokio_postgres::{Row, types::Json as JsonColumn};

use super::{
    PostgresStore,
    failure::Failure,
    invitations::ancestry_at,
    statements::{column, only},
    text::{original, storable},
};
use crate::document::{
    self, Attempt, CodeParts, InvalidDocument, LogParts, LoginColumns, UserParts, exported_user, invitation::show_inviters,
};

/// Where a collection's documents are.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Users,
    Log,
    Codes,
    Devices,
    Passkeys,
    Documents,
}

impl Table {
    pub(super) fn of(collection: &str) -> Result<Self, Failure> {
        match collection {
            "uni-id-users" => Ok(Table::Users),
            "uni-id-log" => Ok(Table::Log),
            "opendb-verify-codes" => Ok(Table::Codes),
            "uni-id-device" => Ok(Table::Devices),
            "lingpai-passkeys" => Ok(Table::Passkeys),
            other if COLLECTIONS.contains(&other) || is_own_collection(other) => Ok(Table::Documents),
            other => Err(InvalidDocument::Collection(other.to_owned()).into()),
        }
    }
}

const EXPORT_USERS: &str = "
    SELECT u.doc::text, l.last_login_date, l.last_login_ip,
        ARRAY(SELECT s.token FROM sessions AS s WHERE s.uid = u.id ORDER BY s.id),
        CASE WHEN l.ip_limit_seen THEN (
            SELECT coalesce(json_agg(json_build_array(a.ip, a.error_times, a.last_error_time) ORDER BY a.seq), '[]')
            FROM login_attempts AS a WHERE a.uid = u.id
        ) END,
        CASE WHEN u.invited THEN lingpai_ancestry(u.id) END
    FROM users AS u LEFT JOIN logins AS l ON l.uid = u.id WHERE u.seq > $1 ORDER BY u.seq LIMIT $2";
const EXPORT_CODES: &str = "
    SELECT id, kind, target, scene, code, state, ip, created_date, expired_date, extra::text
    FROM codes WHERE seq > $1 ORDER BY seq LIMIT $2";

fn user_document(row: &Row) -> Result<Map<String, Value>, Failure> {
    let login = LoginColumns { last_login_date: column(row, 1)?, last_login_ip: column::<Option<String>>(row, 2)?.map(original) };
    let tokens = column::<Vec<String>>(row, 3)?.into_iter().map(original).collect();
    let attempts = column::<Option<JsonColumn<Vec<(String, i64, i64)>>>>(row, 4)?.map(|JsonColumn(attempts)| {
        let attempt = |(ip, error_times, last_error_time)| Attempt { ip: original(ip), error_times, last_error_time };
        attempts.into_iter().map(attempt).collect()
    });
    let mut doc = exported_user(column(row, 0)?, login, attempts, tokens)?;
    show_inviters(&mut doc, ancestry_at(row, 5)?);
    Ok(doc)
}

fn code_document(row: &Row) -> Result<Map<String, Value>, Failure> {
    let text = |place| Ok::<_, Failure>(column::<Option<String>>(row, place)?.map(original));
    let parts = CodeParts {
        id: original(column(row, 0)?),
        kind: column(row, 1)?,
        target: text(2)?,
        scene: text(3)?,
        code: text(4)?,
        state: column(row, 5)?,
        ip: text(6)?,
        device_id: None,
        created_date: column(row, 7)?,
        expired_date: column(row, 8)?,
        extra: column::<Option<&str>>(row, 9)?.map(document::from_text).transpose()?,
    };
    Ok(parts.into_document())
}

fn plain_document(row: &Row) -> Result<Map<String, Value>, Failure> {
    Ok(document::from_text(column(row, 0)?)?)
}

impl PostgresStore {
    /// The place of a document in its collection; 0, which is before the first one, for `None`.
    async fn place_of(&self, table: Table, collection: &str, after: Option<&str>) -> Result<i64, Failure> {
        let Some(id) = after else {
            return Ok(0);
        };
        let stored = storable(id);
        let rows = match table {
            Table::Users => self.read("SELECT seq FROM users WHERE id = $1", &[&stored]).await?,
            Table::Log => self.read("SELECT seq FROM log WHERE id = $1", &[&stored]).await?,
            Table::Codes => self.read("SELECT seq FROM codes WHERE id = $1", &[&stored]).await?,
            Table::Devices => self.read("SELECT seq FROM devices WHERE id = $1", &[&stored]).await?,
            Table::Passkeys => self.read("SELECT seq FROM passkeys WHERE id = $1", &[&stored]).await?,
            Table::Documents => self.read("SELECT seq FROM documents WHERE collection = $1 AND id = $2", &[&collection, &stored]).await?,
        };
        match rows.first() {
            Some(row) => column(row, 0),
            None => Err(InvalidDocument::After(id.to_owned()).into()),
        }
    }

    pub(super) async fn collection_export(
        &self,
        collection: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Map<String, Value>>, Failure> {
        let table = Table::of(collection)?;
        let after = self.place_of(table, collection, after).await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = match table {
            Table::Users => self.read(EXPORT_USERS, &[&after, &limit]).await?,
            Table::Codes => self.read(EXPORT_CODES, &[&after, &limit]).await?,
            Table::Log => self.read("SELECT doc::text FROM log WHERE seq > $1 ORDER BY seq LIMIT $2", &[&after, &limit]).await?,
            Table::Devices => self.read("SELECT doc::text FROM devices WHERE seq > $1 ORDER BY seq LIMIT $2", &[&after, &limit]).await?,
            Table::Passkeys => self.read("SELECT doc::text FROM passkeys WHERE seq > $1 ORDER BY seq LIMIT $2", &[&after, &limit]).await?,
            Table::Documents => {
                let sql = "SELECT doc::text FROM documents WHERE collection = $3 AND seq > $1 ORDER BY seq LIMIT $2";
                self.read(sql, &[&after, &limit, &collection]).await?
            }
        };
        let compose = match table {
            Table::Users => user_document,
            Table::Codes => code_document,
            Table::Log | Table::Devices | Table::Passkeys | Table::Documents => plain_document,
        };
        rows.iter().map(compose).collect()
    }

    pub(super) async fn collection_put(&self, collection: &str, doc: &Map<String, Value>) -> Result<(), Failure> {
        let id = storable(document::id(doc)?);
        match Table::of(collection)? {
            Table::Users => self.session_put_user(UserParts::new(doc)?).await?,
            Table::Log => self.log_put(LogParts::new(doc)?).await?,
            Table::Codes => self.code_put(CodeParts::new(doc)?).await?,
            Table::Passkeys => self.passkey_put(doc).await?,
            Table::Devices => {
                let (device, user) = (document::text(doc, "device_id"), document::text(doc, "user_id"));
                self.write(
                    "INSERT INTO devices (id, device_id, user_id, doc) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (id) DO UPDATE SET device_id = excluded.device_id, user_id = excluded.user_id, doc = excluded.doc",
                    &[&id, &device.as_deref().map(storable), &user.as_deref().map(storable), &Json(doc)],
                )
                .await?;
            }
            Table::Documents => {
                self.write(
                    "INSERT INTO documents (collection, id, doc) VALUES ($1, $2, $3)
                    ON CONFLICT (collection, id) DO UPDATE SET doc = excluded.doc",
                    &[&collection, &id, &Json(doc)],
                )
                .await?;
            }
        }
        Ok(())
    }

    pub(super) async fn collection_remove(&self, collection: &str, id: &str) -> Result<bool, Failure> {
        let id = storable(id);
        let rows = match Table::of(collection)? {
            Table::Users => self.write("DELETE FROM users WHERE id = $1 RETURNING seq", &[&id]).await?,
            Table::Log => self.write("DELETE FROM log WHERE id = $1 RETURNING seq", &[&id]).await?,
            Table::Codes => self.write("DELETE FROM codes WHERE id = $1 RETURNING seq", &[&id]).await?,
            Table::Devices => self.write("DELETE FROM devices WHERE id = $1 RETURNING seq", &[&id]).await?,
            Table::Passkeys => return self.passkey_drop(&id).await,
            Table::Documents => {
                self.write("DELETE FROM documents WHERE collection = $1 AND id = $2 RETURNING seq", &[&collection, &id]).await?
            }
        };
        Ok(!rows.is_empty())
    }

    pub(super) async fn collection_count(&self, collection: &str) -> Result<u64, Failure> {
        let rows = match Table::of(collection)? {
            Table::Users => self.read("SELECT count(*) FROM users", &[]).await?,
            Table::Log => self.read("SELECT count(*) FROM log", &[]).await?,
            Table::Codes => self.read("SELECT count(*) FROM codes", &[]).await?,
            Table::Devices => self.read("SELECT count(*) FROM devices", &[]).await?,
            Table::Passkeys => self.read("SELECT count(*) FROM passkeys", &[]).await?,
            Table::Documents => self.read("SELECT count(*) FROM documents WHERE collection = $1", &[&collection]).await?,
        };
        Ok(column::<i64>(&only(rows)?, 0)?.unsigned_abs())
    }
}
