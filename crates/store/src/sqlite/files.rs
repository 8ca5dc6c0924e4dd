//! Files that clients uploaded.

use lingpai_domain::store::{FileAdded, FileQuota, FileRecord};
use rusqlite::{Connection, OptionalExtension};

use super::failure::Failure;

/// See [`lingpai_domain::store::Store::add_file`].
pub fn add(connection: &Connection, file: &FileRecord, quota: FileQuota) -> Result<FileAdded, Failure> {
    let taken: bool =
        connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM files WHERE id = ?1)")?.query_row([&file.id], |row| row.get(0))?;
    if taken {
        return Ok(FileAdded::Taken);
    }
    let owner = file.owner.as_deref().unwrap_or_default();
    let mut stored = connection.prepare_cached("SELECT COALESCE((SELECT bytes FROM file_sizes WHERE owner = ?1), 0)")?;
    let mut after = |owner: &str| Ok::<_, Failure>(stored.query_row([owner], |row| row.get::<_, i64>(0))?.unsigned_abs() + file.size);
    if after(owner)? > quota.per_owner || after("*")? > quota.total {
        return Ok(FileAdded::OverQuota);
    }
    connection
        .prepare_cached("INSERT INTO files (id, owner, app, cloud_path, size, media_type, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute((
            &file.id,
            owner,
            &file.app,
            &file.cloud_path,
            i64::try_from(file.size).unwrap_or(i64::MAX),
            &file.media_type,
            file.created_at,
        ))?;
    Ok(FileAdded::Done)
}

/// See [`lingpai_domain::store::Store::file`].
pub fn find(connection: &Connection, id: &str) -> Result<Option<FileRecord>, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT id, owner, app, cloud_path, size, media_type, created_at FROM files WHERE id = ?1")?;
    let file = statement.query_row([id], |row| {
        Ok(FileRecord {
            id: row.get(0)?,
            owner: Some(row.get::<_, String>(1)?).filter(|owner| !owner.is_empty()),
            app: row.get(2)?,
            cloud_path: row.get(3)?,
            size: row.get::<_, i64>(4)?.unsigned_abs(),
            media_type: row.get(5)?,
            created_at: row.get(6)?,
        })
    });
    Ok(file.optional()?)
}

/// See [`lingpai_domain::store::Store::remove_file`].
pub fn remove(connection: &Connection, id: &str, owner: Option<&str>) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached("DELETE FROM files WHERE id = ?1 AND owner = COALESCE(?2, owner)")?;
    Ok(statement.execute((id, owner))? > 0)
}
